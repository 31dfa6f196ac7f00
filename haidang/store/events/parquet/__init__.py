"""The embedded event store: Parquet segments in a folder, one manifest that says which count."""
