"""Composition root: command line, settings, the embedded runtime.

Nothing else reads the environment.
"""
