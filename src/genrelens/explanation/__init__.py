"""What in a track made the model say what it said, when, at which frequencies, and whether that is so."""
