"""The figure that leakage writes: what a dishonest split would have claimed."""
