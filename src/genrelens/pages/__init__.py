"""What people look at: figures and pages made from reports. Nothing here computes a result."""
