"""The page that explain writes: why a piece was given its genre, as picture, words and sound."""
