"""What carries the core: metrics for Prometheus now, Faust workers and snapshots in Kafka later."""
