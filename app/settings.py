"""What `haidang.yml` can say: the settings, each with its documentation (`doc`).

docs/reference.md and docs/haidang.yml are made from these fields; `app.config` reads the file.
Secrets never stand here, only where they are.
"""

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from haidang.model.instant import VIETNAM
from rules.modes import Mode

Profile: TypeAlias = Literal["embedded", "cluster"]

ELASTICSEARCH_PASSWORD = "HAIDANG_ELASTICSEARCH_PASSWORD"  # noqa: S105 - a variable's name
POSTGRESQL_PASSWORD = "HAIDANG_POSTGRESQL_PASSWORD"  # noqa: S105 - a variable's name
METRICS_TOKEN = "HAIDANG_METRICS_TOKEN"  # noqa: S105 - a variable's name
OWNER_PASSWORD = "HAIDANG_POSTGRESQL_OWNER_PASSWORD"  # noqa: S105 - a variable's name


def _doc(text: str, **more: Any) -> dict[str, str]:
    return {"doc": text, **more}


@dataclass(frozen=True, slots=True)
class InputSettings:
    """One entry of `inputs`: files of one format on one system."""

    name: str = field(
        metadata=_doc(
            "Name of the input, unique in the file: small letters, digits, `.`, `_`, `-`.",
            example="web",
        )
    )
    path: str = field(
        metadata=_doc(
            "Glob pattern of the files, relative to the configuration.",
            example="/var/log/nginx/access.log",
        )
    )
    dataset: str = field(
        metadata=_doc(
            "Name of the data set that parses them: `nginx.access`.", example="nginx.access"
        )
    )
    operator: str = field(metadata=_doc("Id of the unit that runs the system.", example="ttdl"))
    zone: str = field(
        metadata=_doc("Id of the zone in which private addresses are meant.", example="ttdl")
    )
    host: str = field(
        default="",
        metadata=_doc("Name of the host, where the lines themselves do not tell.", example="web01"),
    )
    timezone: dt.timezone = field(
        default=VIETNAM,
        metadata=_doc(
            "UTC offset of times that name none.",
            default="`+07:00`",
            kind="`±HH:MM`",
            example='"+07:00"',
        ),
    )
    max_ahead_secs: int = field(
        default=86_400,
        metadata=_doc("An event further ahead of its receipt gets the receive time, flagged."),
    )
    max_behind_days: int = field(
        default=400,
        metadata=_doc("An event further behind its receipt gets the receive time, flagged."),
    )
    place: tuple[str, int] = field(default=("", 0), compare=False)  # file and line of the entry


@dataclass(frozen=True, slots=True)
class RuleModeSettings:
    """One entry of `rule_modes`: a person's word on a rule, a tag or a set, with the reason."""

    mode: Mode = field(
        metadata=_doc(
            "`on`, `trial` (counted, nobody is told) or `off`.", kind="text", example="trial"
        )
    )
    reason: str = field(
        metadata=_doc("Why, for those who come later.", example="too much noise from the backup")
    )
    rule: str = field(
        default="",
        metadata=_doc(
            "Id or name of the rule; or one of the next two.", example="win_failed_logon_burst"
        ),
    )
    tag: str = field(
        default="",
        metadata=_doc("All rules with this tag: `attack.t1110`.", example="attack.t1110"),
    )
    set: str = field(
        default="", metadata=_doc("All rules of this imported set.", example="sigmahq")
    )
    until: dt.date | None = field(
        default=None,
        metadata=_doc(
            "Last day on which it holds.", default="for good", kind="date", example="2026-12-31"
        ),
    )
    place: tuple[str, int] = field(default=("", 0), compare=False)  # file and line of the entry


@dataclass(frozen=True, slots=True)
class ElasticsearchSettings:
    """The section `elasticsearch`: the event store of the profile *cluster*."""

    hosts: tuple[str, ...] = field(
        metadata=_doc(
            "Nodes of the cluster, `http(s)://host:port`; no user or password in them.",
            kind="list of URLs",
            example="[http://127.0.0.1:9200]",
        )
    )
    user: str = field(
        default="",
        metadata=_doc("Who we are there; empty if it asks nobody.", example="haidang"),
    )
    password_file: Path | None = field(
        default=None,
        metadata=_doc(
            f"File that holds the password; or the environment's `{ELASTICSEARCH_PASSWORD}`.",
            default="none",
            kind="path",
            example="secrets/elasticsearch_password",
        ),
    )
    ca_certs: Path | None = field(
        default=None,
        metadata=_doc(
            "Certificate of the authority that the nodes of `https` hosts must prove.",
            default="the system's",
            kind="path",
            example="ca.pem",
        ),
    )
    prefix: str = field(
        default="haidang",
        metadata=_doc("First part of the names of all streams: small letters, digits, `-`."),
    )


@dataclass(frozen=True, slots=True)
class PostgresqlSettings:
    """The section `postgresql`: the state store of the profile *cluster*."""

    url: str = field(
        metadata=_doc(
            "`postgresql://user@host:port/database`, no password in it; `?sslmode=` and "
            "`&sslrootcert=` may follow. The user is the run-time role.",
            kind="URL",
            example="postgresql://haidang@127.0.0.1:5432/haidang",
        )
    )
    password_file: Path | None = field(
        default=None,
        metadata=_doc(
            f"File that holds the password; or the environment's `{POSTGRESQL_PASSWORD}`.",
            default="none",
            kind="path",
            example="secrets/postgresql_password",
        ),
    )
    owner: str = field(
        default="",
        metadata=_doc(
            "Role that owns the tables; only `haidang store init` connects as it.",
            example="haidang_owner",
        ),
    )
    owner_password_file: Path | None = field(
        default=None,
        metadata=_doc(
            f"File that holds the owner's password; or the environment's `{OWNER_PASSWORD}`.",
            default="none",
            kind="path",
            example="secrets/postgresql_owner_password",
        ),
    )


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """The section `console`: the pages, their JSON, and `/metrics`."""

    listen: str = field(
        default="127.0.0.1:8740",
        metadata=_doc("Address and port; other than loopback only behind a proxy that brings TLS."),
    )
    address: str = field(
        default="",
        metadata=_doc(
            "What browsers call it where a proxy brings TLS: `https://soc.example`. Needed to "
            "listen on other than loopback; then cookies are kept to TLS.",
            kind="URL",
            example="https://soc.example",
        ),
    )
    banner: str = field(
        default="",
        metadata=_doc(
            "Words on every page, for example that the data are simulated.",
            example="DỮ LIỆU MÔ PHỎNG",
        ),
    )
    metrics_token_file: Path | None = field(
        default=None,
        metadata=_doc(
            f"File that holds the token with which `/metrics` may be read from other machines; or "
            f"the environment's `{METRICS_TOKEN}`. Without one only loopback may.",
            default="none",
            kind="path",
            example="secrets/metrics_token",
        ),
    )


@dataclass(frozen=True, slots=True)
class Config:
    """The top of `haidang.yml`."""

    data_dir: Path = field(
        metadata=_doc(
            "Folder of the offsets and the quarantine, with `embedded` of both stores, too; made "
            "if absent.",
            example="data",
        )
    )
    inventory: Path = field(
        metadata=_doc("File of the inventory: units, systems, networks.", example="inventory.yml")
    )
    calendar: Path | None = field(
        default=None,
        metadata=_doc(
            "File of the calendar: working hours, days off, windows, exclusions; docs/calendar.md.",
            default="none",
            kind="path",
            example="calendar.yml",
        ),
    )
    profile: Profile = field(
        default="embedded",
        metadata=_doc(
            "`embedded`: both stores are files in `data_dir`. `cluster`: events in Elasticsearch, "
            "state in PostgreSQL. Nothing between.",
            kind="text",
        ),
    )
    elasticsearch: ElasticsearchSettings | None = field(
        default=None,
        metadata=_doc("With `cluster` only, see below.", default="none", kind="mapping"),
    )
    postgresql: PostgresqlSettings | None = field(
        default=None,
        metadata=_doc("With `cluster` only, see below.", default="none", kind="mapping"),
    )
    rules: tuple[Path, ...] = field(
        default=(),
        metadata=_doc(
            "Files or folders of rules besides Hải Đăng's own.",
            default="none",
            kind="list of paths",
            example="[rules]",
        ),
    )
    packs: tuple[str, ...] = field(
        default=(),
        metadata=_doc(
            "Packs of rules that are on if they can fire, see docs/rules.md.",
            default="none",
            kind="list of names",
            example="[day-one]",
        ),
    )
    rule_days: int = field(
        default=7,
        metadata=_doc("Days with events that a backtest must have seen to turn a rule on."),
    )
    rule_budget: int = field(
        default=5,
        metadata=_doc("Alerts a day up to which a rule of a set may be on by itself."),
    )
    rule_modes: tuple[RuleModeSettings, ...] = field(
        default=(),
        metadata=_doc(
            "Which rules are on, in trial or off by a person's word, see below.",
            default="none",
            kind="list",
        ),
    )
    interval_secs: int = field(default=60, metadata=_doc("Seconds between two runs; at least 1."))
    allowance_secs: int = field(
        default=900,
        metadata=_doc("How late an event may come and still be correlated in its order."),
    )
    memory_limit: str = field(
        default="128MB",
        metadata=_doc(
            "Memory for queries of the event store: `128MB`, `2GB`. With `embedded` only."
        ),
    )
    threads: int = field(
        default=1, metadata=_doc("Threads for queries; at least 1. With `embedded` only.")
    )
    console: ConsoleSettings = field(
        default=ConsoleSettings(),
        metadata=_doc(
            "Where the console listens and what it shows, see below.",
            default="as below",
            kind="mapping",
        ),
    )
    inputs: tuple[InputSettings, ...] = field(
        default=(),
        metadata=_doc("What is collected, see below.", default="none", kind="list"),
    )
