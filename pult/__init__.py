"""Composition root: command line, settings, the embedded runtime. The only reader of the environment."""
