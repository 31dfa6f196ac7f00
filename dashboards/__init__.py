"""What people look at: the console, its JSON, and the metrics for Prometheus."""
