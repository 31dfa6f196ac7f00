"""Matching events against Sigma rules and correlating what matched."""
