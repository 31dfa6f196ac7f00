"""The one type of column that the two databases would treat differently."""

import re

from sqlalchemy import Dialect, TypeDecorator
from sqlalchemy import Text as SqlText

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Text(TypeDecorator[str]):
    """Text that both databases keep and order alike: by code point, whatever the server's locale.

    NUL and lone surrogates, which PostgreSQL cannot keep (SQLite: half of it), become U+FFFD, in
    rows and in what they are compared with: a rule's odd title must not stop everybody's alerts.
    """

    impl = SqlText
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> SqlText:
        """Order by code point, as SQLite does."""
        return SqlText(collation="C" if dialect.name == "postgresql" else None)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Replace what cannot be kept."""
        return value and _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)
