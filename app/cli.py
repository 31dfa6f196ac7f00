"""The command `haidang`: finds the wanted command, imports only that one, turns errors into words.

Exit codes: 0 done, 1 an error that the message explains, 2 wrong usage, 130 interrupted,
141 nobody reads the output any more.
"""

import importlib
import io
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import click

from haidang import __version__, durable
from haidang.errors import HaidangError

INTERRUPTED = 130
BROKEN_PIPE = 141
HALT_VARIABLE = "HAIDANG_HALT_AT"


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command is (`module:name`) and its one line in the list of commands.

    The line stands here, so that `haidang --help` imports no command.
    """

    target: str
    summary: str


COMMANDS: Mapping[str, Entry] = {
    "parse": Entry(
        "app.commands.parse:command",
        "Parse FILE (- or nothing: standard input) as the collector would.",
    ),
    "detect": Entry(
        "app.commands.detect:command",
        "Name the data set of FILE by reading its first 200 lines with every data set.",
    ),
    "collect": Entry(
        "app.commands.collect:command",
        "Read new records of every input, turn them into events, and store them.",
    ),
    "quarantine": Entry(
        "app.commands.quarantine:command",
        "List, show and retry records that could not become events.",
    ),
    "correlate": Entry(
        "app.commands.correlate:command", "Match rules on new events, correlate, and raise alerts."
    ),
    "alerts": Entry(
        "app.commands.alerts:command",
        "List alerts: level, time, unit, and the sentence that says what happened.",
    ),
    "calendar": Entry(
        "app.commands.calendar:command",
        "Check the calendar, say what holds at a time, and what its exclusions kept silent.",
    ),
    "coverage": Entry(
        "app.commands.coverage:command",
        "Show which receive times of each source were evaluated, and by which set of rules.",
    ),
    "health": Entry(
        "app.commands.health:command",
        "Say which sources are heard, which fell silent, and whose line is or was down.",
    ),
    "match": Entry(
        "app.commands.match:command", "Match Sigma rules on events; one JSON line a match."
    ),
    "rules": Entry(
        "app.commands.rules:command",
        "Import sets of rules, and say which rules are on and why.",
    ),
    "store": Entry(
        "app.commands.store:command",
        "Make, check and keep in order what the events and the state are stored in.",
    ),
    "up": Entry(
        "app.commands.up:command",
        "Run collector, correlator and console together, and start again what dies.",
    ),
    "doctor": Entry(
        "app.commands.doctor:command",
        "Look at everything that must be well, and say what to do about what is not.",
    ),
    "config": Entry(
        "app.commands.config:command",
        "Check the configuration, show what is in force, print a commented example.",
    ),
    "console": Entry(
        "app.commands.console:command",
        "Show the queue of alerts, what is not seen, and the rules, on `console.listen`.",
    ),
    "user": Entry(
        "app.commands.user:command", "Add, list and disable the accounts of the console."
    ),
    "demo": Entry(
        "app.commands.demo:command",
        "Play a simulated day of a province: logs are written, collected, correlated, told.",
    ),
}

# What the base install lacks, by the extra that brings it (pyproject.toml).
EXTRAS: Mapping[str, frozenset[str]] = {
    "soc": frozenset(
        {
            "apscheduler",
            "argon2",
            "duckdb",
            "elastic_transport",
            "elasticsearch",
            "evtx",
            "fastapi",
            "jinja2",
            "prometheus_client",
            "psycopg",
            "pyarrow",
            "python_multipart",
            "re2",
            "sqlalchemy",
            "starlette",
            "tzdata",
            "uvicorn",
        }
    ),
}


class MissingExtra(HaidangError):  # noqa: N818 - the sentence is "the extra is missing"
    """A command needs packages that the base install does not bring."""

    def __init__(self, command: str, extra: str) -> None:
        install = f"pip install 'haidang[{extra}]'"
        super().__init__(f'haidang {command} needs the extra "{extra}": {install}')


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used.

    The base install must run `parse` without the packages that `correlate` needs.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, in the order of the data."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; None if there is none. Raises MissingExtra."""
        del ctx
        return load(cmd_name) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


def load(name: str) -> click.Command:
    """Import the command `name`. Raises MissingExtra, or KeyError for a name not in COMMANDS."""
    module, _, attribute = COMMANDS[name].target.partition(":")
    try:
        command = getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        extra = next((extra for extra, brings in EXTRAS.items() if package in brings), None)
        if extra is None:
            raise
        raise MissingExtra(name, extra) from error
    if not isinstance(command, click.Command):
        raise TypeError(f"{COMMANDS[name].target} is not a click command")
    return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", message="haidang %(version)s")
def cli() -> None:
    """Hải Đăng: monitoring and log correlation for a provincial security operations centre."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; `arguments` default to the process's. Returns the exit code."""
    _speak_utf8()
    if point := os.environ.get(HALT_VARIABLE):
        durable.halt_at(point)
    try:
        code = _run(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        _close_output()
        return BROKEN_PIPE
    except OSError as error:  # a folder that may not be written, a full disk under the output
        if error.filename is None:
            _close_output()
        click.echo(f"{error.filename or 'output'}: {error.strerror or error}", err=True)
        return 1
    return code


def _run(arguments: list[str]) -> int:
    try:
        with cli.make_context("haidang", arguments) as context:
            cli.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except HaidangError as error:
        click.echo(str(error), err=True)
        return 1
    return 0


def _speak_utf8() -> None:
    """Output is UTF-8 whatever the locale: an alert in Vietnamese must not crash under LC_ALL=C."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _close_output() -> None:
    """Send what is still buffered nowhere, else Python complains about the pipe while it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
