"""Front ends: from sound to the arrays that a model takes. ``mel`` is what prediction uses; NumPy alone."""
