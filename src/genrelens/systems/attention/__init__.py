"""S0's claim that attention shows what counts, put to the test."""
