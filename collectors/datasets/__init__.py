"""Datasets as data: one YAML file each, and hooks for what a table cannot say."""
