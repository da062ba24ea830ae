"""Damaged sound files: whole ones of every format, ways of damaging them, and what genrelens makes of the result.

Used by ``tools/fuzz.py`` for long runs and by ``tests/test_damaged_files.py`` for a short one.
"""
