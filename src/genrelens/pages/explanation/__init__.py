"""The page that explain writes: why a track was given its genre, as picture, words and sound."""
