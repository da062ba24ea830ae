"""What defines a genre to a model: over many tracks, which seconds, bands and sounds counted."""
