"""What people look at: the built-in wall, and boards as data."""
