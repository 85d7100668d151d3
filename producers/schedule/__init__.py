"""Shift plans of other programs: rows of a file become what is planned for people's days."""
