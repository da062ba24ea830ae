"""CSV files as they come and as they go: rows that are read, cells that are safe to open."""
