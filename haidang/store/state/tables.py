"""The state store's tables, the same on both databases.

Times are instants (microseconds UTC); payloads are packed bytes. Row ids grow, but on PostgreSQL
a smaller one may become visible later: who reads rows behind an id must be sure that their writers
hold one cursor's lock (`match_batch`, `detection`, `coverage`: the cursor `tick`).
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
)

from haidang.store.state.columns import Text

SCHEMA_VERSION = 1

metadata = MetaData()
_ROW_ID = BigInteger().with_variant(Integer, "sqlite")

meta = Table("meta", metadata, Column("key", Text, primary_key=True), Column("value", Text))

cursor = Table(
    "cursor",
    metadata,
    Column("name", Text, primary_key=True),
    Column("pos", Text, nullable=False),
)

# One compressed row a batch of the match stage; deleted once correlated.
match_batch = Table(
    "match_batch",
    metadata,
    Column("id", _ROW_ID, Identity(), primary_key=True),
    Column("matches", Integer, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    sqlite_autoincrement=True,  # ids of deleted rows never come back: cursors point at them
)

# What a correlation remembers of one group: its events of one time chunk, packed.
group_chunk = Table(
    "group_chunk",
    metadata,
    Column("rule_hash", Text, primary_key=True),
    Column("group_id", Text, primary_key=True),
    Column("chunk", BigInteger, primary_key=True),
    Column("touched", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Index("group_chunk_touched", "touched"),
)

# Episodes of every correlation, also of those that raise no alert of their own.
episode = Table(
    "episode",
    metadata,
    Column("alert", Text, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("group_id", Text, nullable=False),
    Column("fired", BigInteger, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("first_anchor", BigInteger, nullable=False),
    Column("last_anchor", BigInteger, nullable=False),
    Column("events", Integer, nullable=False),
    Column("expired_events", Integer, nullable=False, default=0),
    Column("raised", Integer, nullable=False),
    Column("superseded_by", Text, nullable=False, default=""),
    Index("episode_group", "rule", "group_id"),
)

# Windows of non-monotone conditions that must wait for the watermark.
due = Table(
    "due",
    metadata,
    Column("rule_hash", Text, primary_key=True),
    Column("group_id", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Index("due_at", "at"),
)

detection = Table(
    "detection",
    metadata,
    Column("id", _ROW_ID, Identity(), primary_key=True),
    Column("payload", LargeBinary, nullable=False),
    sqlite_autoincrement=True,  # ids of deleted rows never come back: cursors point at them
)

alert = Table(
    "alert",
    metadata,
    Column("id", Text, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("rule_hash", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("raised", BigInteger, nullable=False),
    Column("revised", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("events", Integer, nullable=False),
    Column("system_level", Integer, nullable=False),
    Column("zone", Text, nullable=False),
    Column("superseded_by", Text, nullable=False, default=""),
    # JSON: tags, author, group, operators, affected, sentences.
    Column("details", LargeBinary, nullable=False),
    Index("alert_raised", "raised"),
)

# Who may see an alert: one row for each operator and affected unit.
alert_unit = Table(
    "alert_unit",
    metadata,
    Column("alert", Text, ForeignKey("alert.id"), primary_key=True),
    Column("unit", Text, primary_key=True),
)

# Copies of matched events, made when the alert is raised: retention deletes the originals.
evidence = Table(
    "evidence",
    metadata,
    Column("alert", Text, ForeignKey("alert.id"), primary_key=True),
    Column("event", Text, primary_key=True),
    Column("time", BigInteger, nullable=False),
    Column("rule", Text, nullable=False),
    Column("ecs", LargeBinary, nullable=False),
    Column("sha256", Text, nullable=False),
    # JSON list: the event's operator and affected units, who alone may read the copy.
    Column("units", Text, nullable=False, default="[]"),
)

# What an analyst reads (docs/decisions/0027): alerts of one rule, one entity and the same units as
# one row. `change` numbers the transaction that changed it last, `born` the one that made it.
alert_group = Table(
    "alert_group",
    metadata,
    Column("id", Text, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("system_level", Integer, nullable=False),
    Column("zone", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("raised", BigInteger, nullable=False),
    Column("activity", BigInteger, nullable=False),
    Column("alerts", Integer, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("newest", Text, nullable=False),
    Column("attack", Text, nullable=False),
    Column("search", Text, nullable=False),
    Column("born", BigInteger, nullable=False),
    Column("change", BigInteger, nullable=False),
    # JSON: entity, operators, affected, techniques, tactics, sentences.
    Column("details", LargeBinary, nullable=False),
    Index("alert_group_severity", "state", "rank", "system_level", "activity", "id"),
    Index("alert_group_newest", "state", "activity", "id"),
    Index("alert_group_waiting", "state", "raised", "id"),
    Index("alert_group_change", "change"),
)

# Each operator and affected unit of a group; `reads` is 1 for those that may see it.
alert_group_unit = Table(
    "alert_group_unit",
    metadata,
    Column("group", Text, ForeignKey("alert_group.id"), primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("reads", Integer, nullable=False),
    Index("alert_group_unit_unit", "unit", "group"),
)

# The group of each alert that is not superseded.
alert_group_member = Table(
    "alert_group_member",
    metadata,
    Column("alert", Text, ForeignKey("alert.id"), primary_key=True),
    Column("group", Text, ForeignKey("alert_group.id"), nullable=False),
    Index("alert_group_member_group", "group"),
)

# Which receive times of which source were evaluated by which set of rules.
coverage = Table(
    "coverage",
    metadata,
    Column("id", _ROW_ID, Identity(), primary_key=True),
    Column("rule_set", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("lag", BigInteger, nullable=False),
    Index("coverage_source", "source", "end"),
)

# What was heard of each source; `last` and `time` are the newest receipt and event time.
source = Table(
    "source",
    metadata,
    Column("id", Text, primary_key=True),
    Column("dataset", Text, nullable=False),
    Column("operator", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("host_key", Text, nullable=False),  # as the inventory looks hosts up
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("time", BigInteger, nullable=False),
)

# Minutes of a day in Vietnam in which a source was heard, by receive and event time: 1,440 bits.
source_day = Table(
    "source_day",
    metadata,
    Column("source", Text, primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("received", LargeBinary, nullable=False),
    Column("happened", LargeBinary, nullable=False),
    Column("events", BigInteger, nullable=False),
    Index("source_day_day", "day"),
)

# (event, rule) pairs whose evaluation failed; the cursor went on without them.
poison = Table(
    "poison",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("event", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
)

# Which version of each imported set of rules is used; `hash` is that of its files.
rule_set = Table(
    "rule_set",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Text, nullable=False),
    Column("files", Integer, nullable=False),
    Column("hash", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
)

# How the correlator treats each rule, and since when (docs/decisions/0019).
rule_mode = Table(
    "rule_mode",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("mode", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
)

# What the correlator read of each rule it knows, on or not: consoles parse none. `details` is
# JSON: tags, false positives, sentences, first steps, the rule as it is written.
rule_card = Table(
    "rule_card",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("reach", Text, nullable=False),
    Column("fires", Integer, nullable=False),  # 0: on no source of this site
    Column("search", Text, nullable=False),  # without accents and case
    Column("details", LargeBinary, nullable=False),
)


def _tally(name: str, key: str) -> Table:
    """Matches by `key` and day of receipt in Vietnam; `examples` is a JSON list of event ids."""
    return Table(
        name,
        metadata,
        Column(key, Text, primary_key=True),
        Column("day", Integer, primary_key=True),
        *(Column(one, BigInteger, nullable=False) for one in ("matches", "last")),
        Column("examples", Text, nullable=False),
        Index(f"{name}_day", "day"),
    )


rule_tally = _tally("rule_tally", "rule")
exclusion_tally = _tally("exclusion_tally", "exclusion")  # what the calendar's exclusions covered

# The last backtest of each rule, of exactly the content with this hash.
rule_backtest = Table(
    "rule_backtest",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("rule_hash", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("days", Integer, nullable=False),
    Column("alerts", BigInteger, nullable=False),
    Column("busiest", BigInteger, nullable=False),
)

# Sums since the store was made: each is written with what it counts, each name by one stage alone.
counter = Table(
    "counter",
    metadata,
    Column("name", Text, primary_key=True),
    Column("label", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

# Append-only: triggers (SQLite) or missing rights (PostgreSQL) refuse UPDATE and DELETE.
audit = Table(
    "audit",
    metadata,
    Column("id", _ROW_ID, Identity(), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index("audit_subject", "subject"),
)


def make(connection: Connection) -> None:
    """Make the tables and indexes that are missing; nothing that is there is changed."""
    metadata.create_all(connection)
    audit_subject, *_ = audit.indexes  # `create_all` makes no index on a table that is there
    audit_subject.create(connection, checkfirst=True)


# People who may log in (docs/decisions/0026); `id` is what the audit trail says instead of a name.
account = Table(
    "account",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),  # folded; what a person types
    Column("display", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("hash", Text, nullable=False),
    # Until when the password works once, then another must be chosen; 0: it is the person's own.
    Column("one_time", BigInteger, nullable=False),
    Column("language", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("disabled", BigInteger, nullable=False),  # since when; 0: it is not
)

# Whose data an account of a unit's role may see.
account_unit = Table(
    "account_unit",
    metadata,
    Column("account", Text, ForeignKey("account.id"), primary_key=True),
    Column("unit", Text, primary_key=True),
)

# Who is logged in; `token` is the SHA-256 of what the browser holds.
session = Table(
    "session",
    metadata,
    Column("token", Text, primary_key=True),
    Column("account", Text, ForeignKey("account.id"), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Index("session_account", "account"),
)

# Browsers in which an account has logged in: others' wrong passwords do not slow them down.
device = Table(
    "device",
    metadata,
    Column("token", Text, primary_key=True),
    Column("account", Text, ForeignKey("account.id"), nullable=False),
    Column("seen", BigInteger, nullable=False),
    Index("device_account", "account"),
)

# Wrong passwords in a row, by account, device or peer (hashed).
throttle = Table(
    "throttle",
    metadata,
    Column("key", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last", BigInteger, nullable=False),
)
