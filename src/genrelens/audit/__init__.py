"""Faults of a collection of music: what cannot be trusted in it, found before anything is learnt from it."""
