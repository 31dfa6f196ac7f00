"""The top: configuration, wiring and commands; the only place that knows every stage."""
