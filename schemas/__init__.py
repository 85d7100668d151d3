"""The contracts every part agrees on: events, facts, definitions, policies, errors.

Imports nothing of ours.
"""
