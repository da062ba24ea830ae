"""The page that compare writes: several runs side by side."""
