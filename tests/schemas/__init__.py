"""The contracts: what may change in them, and what they accept."""
