"""What carries the core: Faust workers and their snapshots, sinks, metrics for Prometheus."""
