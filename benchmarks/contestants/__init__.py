"""What is compared on a real broker: each a process of its own that prints one line of JSON."""
