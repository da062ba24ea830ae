"""People's own music: a folder a genre, a table of paths and genres, or the files' own tags."""
