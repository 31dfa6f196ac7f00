"""Formats: the ways a record's bytes are read into named parts."""
