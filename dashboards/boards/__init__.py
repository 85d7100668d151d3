"""The boards of Grafana, one module for each."""
