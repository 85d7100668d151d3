"""Asterisk: the manager interface (AMI) and the queue log, two feeds of one source."""
