"""Ways to part tracks into those that a model learns from and those that it is judged by."""
