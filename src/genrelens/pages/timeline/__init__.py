"""The page that predict writes: each piece's genre over time."""
