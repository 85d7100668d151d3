"""The store, on a real embedded engine."""
