"""The state store: tables in SQLAlchemy Core; small transactions, cursors; on two databases."""
