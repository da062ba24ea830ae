"""The page that fingerprint writes: what defines each genre to a model."""
