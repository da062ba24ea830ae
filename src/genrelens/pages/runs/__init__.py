"""The page of one run: what a model answered, and how its training went."""
