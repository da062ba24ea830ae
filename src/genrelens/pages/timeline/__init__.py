"""The page that predict writes: each track's genre over time."""
