"""The figure that faithfulness writes: how far explanations hold."""
