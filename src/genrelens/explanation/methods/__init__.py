"""The ways to score seconds, bands and cells: what each counted for the model's answer."""
