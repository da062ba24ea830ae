"""The page that explore writes: what a data set is like before anything is learnt from it."""
