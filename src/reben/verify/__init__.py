"""Hold data sets and published tables against the rules by which they were made."""
