"""The rules: pure. No clock, chance, database or broker."""
