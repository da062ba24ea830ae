"""From a recipe, tracks and a seed to a bundle. Lightning and torch live here and in ``models``, nowhere else."""
