"""The nouns: small frozen values that every stage shares. Imports nothing above it."""
