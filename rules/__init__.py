"""Sigma rules as typed values: parsing, loading and the map from Sigma fields to ECS."""
