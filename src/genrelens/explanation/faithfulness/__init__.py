"""Whether explanations hold: judged by taking parts away, by splices of another genre and by shuffled networks."""
