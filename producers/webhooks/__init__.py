"""Webhooks of CRMs, help desks and surveys: received, kept, and read as a mapping says."""
