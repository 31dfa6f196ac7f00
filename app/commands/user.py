"""`haidang user`: who may log into the console. A one-time password is shown once, nowhere kept."""

import secrets
from pathlib import Path

import click

from app import config, wiring
from app.commands import CONFIG
from app.schedule import receive_clock
from dashboards import passwords
from haidang.model.instant import Instant, to_local
from haidang.store import accounts
from haidang.store.accounts import CENTRE, ROLES, Account, NewAccount
from haidang.store.inventory import Inventory

_NAME = click.argument("name")


@click.group()
def command() -> None:
    """Add, list and disable the accounts of the console.

    Who may run this may do everything; see `haidang user COMMAND --help`.
    """


@command.command()
@CONFIG
@_NAME
@click.option(
    "--role",
    type=click.Choice(ROLES),
    required=True,
    help=f"What the person is; {', '.join(CENTRE)} see everything, the others their units.",
)
@click.option("--unit", "units", multiple=True, help="Id of a unit whose data it may see.")
@click.option("--display", default="", help="The person's name, as the pages show it.")
def add(config_path: Path, name: str, role: str, units: tuple[str, ...], display: str) -> None:
    """Make an account and print its one-time password.

    It works once, within 24 hours; then the person chooses another.
    """
    settings, now = config.load(config_path), receive_clock()
    wiring.units_scope(settings, Inventory.load(settings.inventory), units)
    password = passwords.one_time(secrets.choice)
    new = NewAccount(
        id=secrets.token_hex(8),
        name=name,
        display=display,
        role=role,
        units=units,
        hash=passwords.hashed(password),
        one_time=now + passwords.ONE_TIME,
    )
    with wiring.open_stores(settings) as stores:
        account = accounts.add(stores.database, new, now)
    _tell(account, password)


@command.command()
@CONFIG
@_NAME
def reset(config_path: Path, name: str) -> None:
    """Print a new one-time password; the old one ends, and all sessions of the account."""
    now = receive_clock()
    password = passwords.one_time(secrets.choice)
    hash_, until = passwords.hashed(password), now + passwords.ONE_TIME
    with wiring.open_stores(config.load(config_path)) as stores:
        account = accounts.reset(stores.database, name, hash_, until, now)
    _tell(account, password)


@command.command()
@CONFIG
@_NAME
def disable(config_path: Path, name: str) -> None:
    """Let an account in no more; whoever is logged in with it is out at once."""
    with wiring.open_stores(config.load(config_path)) as stores:
        account = accounts.disable(stores.database, name, receive_clock())
    click.echo(f"{account.name}: disabled, its sessions are ended")


@command.command()
@CONFIG
@_NAME
def enable(config_path: Path, name: str) -> None:
    """Let a disabled account in again, with the password that it had."""
    with wiring.open_stores(config.load(config_path)) as stores:
        account = accounts.enable(stores.database, name, receive_clock())
    click.echo(f"{account.name}: enabled")


@command.command("list")
@CONFIG
def list_command(config_path: Path) -> None:
    """Show all accounts: name, role, units, state, and the id that the audit trail says."""
    with wiring.open_stores(config.load(config_path)) as stores:
        found = accounts.every(stores.database)
    if not found:
        click.echo("there is no account; make one: haidang user add NAME --role admin")
    now = receive_clock()
    for one in found:
        units = ",".join(one.units) or "all"
        click.echo(f"{one.name:20} {one.role:10} {units:20} {_state(one, now):24} {one.id}")


def _state(account: Account, now: Instant) -> str:
    if account.disabled:
        return f"disabled {_clock(account.disabled)}"
    if account.one_time:
        return "one-time password" + (" (over)" if account.one_time <= now else "")
    return "enabled"


def _tell(account: Account, password: str) -> None:
    click.echo(f"{account.name}: one-time password, until {_clock(account.one_time)} (UTC+7):")
    click.echo(password)


def _clock(moment: Instant) -> str:
    return to_local(moment).strftime("%d/%m/%Y %H:%M")
