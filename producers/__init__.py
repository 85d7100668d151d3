"""Adapters: what a PBX or CRM said, kept byte for byte and translated into events."""
