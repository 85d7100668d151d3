"""What carries the core: Prometheus metrics now, Faust workers and Kafka snapshots later."""
