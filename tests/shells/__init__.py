"""Tests of what carries the core over Kafka; none of these needs a broker."""
