"""Whether explanations hold: judged by taking parts away, by planted pieces and by shuffled networks."""
