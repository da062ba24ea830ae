"""Front ends: from sound to the arrays a model takes. ``mel`` is the one prediction uses; it needs NumPy only."""
