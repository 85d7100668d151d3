"""A contact centre that never was: callers and agents by seeded chance, told as events."""
