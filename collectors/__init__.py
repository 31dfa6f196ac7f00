"""Collecting: sources read bytes, datasets turn records into ECS, accepted events reach a store."""
