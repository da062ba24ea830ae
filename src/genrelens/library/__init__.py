"""What people do with their own music: so far, learning their own genres."""
