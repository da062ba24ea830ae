"""A whole system of the five, from data to page: by its original protocol, and beside it by an honest split."""
