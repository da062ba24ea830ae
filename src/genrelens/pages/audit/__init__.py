"""The page and the text that audit writes: the faults of a data set."""
