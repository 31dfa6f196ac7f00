"""The append-only event store: a protocol, and one module or package for each kind of store."""
