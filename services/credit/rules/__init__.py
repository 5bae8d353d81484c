"""The rules of credit: pure functions; no clock, chance, database or broker."""
