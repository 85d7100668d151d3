"""What is deployed: the image, the services, the units, Prometheus and its rules."""
