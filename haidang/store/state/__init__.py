"""The state store: tables in SQLAlchemy Core on SQLite; small transactions, cursors, audit."""
