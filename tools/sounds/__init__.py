"""Sounds that are no music of the ten genres, made by rule: what ``tools/other_sounds.py`` chooses from."""
