"""The figure that ablate writes: ways of combining two models side by side."""
