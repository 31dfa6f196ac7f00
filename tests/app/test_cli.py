"""The command line: lazy commands, errors as words, exit codes, UTF-8 whatever the locale."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from app import cli
from haidang import __version__
from haidang.errors import InputError, Problem
from tests.support.site import ATTACK, INPUT

ROOT = Path(__file__).parents[2]
WRITTEN = [name for name in cli.COMMANDS if (ROOT / f"app/commands/{name}.py").exists()]


@pytest.fixture
def probe(monkeypatch):
    """Puts a command `probe` in the table that does what the test gives it."""

    def install(action):
        command = click.Command("probe", callback=action, help="Probe.")
        monkeypatch.setattr(sys.modules[__name__], "PROBE", command, raising=False)
        monkeypatch.setattr(cli, "COMMANDS", {"probe": cli.Entry(f"{__name__}:PROBE", "Probe.")})
        monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
        return cli.main(["probe"])

    return install


def haidang(*arguments, **more):
    """Runs the command as its own process."""
    command = [sys.executable, "-m", "haidang", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False, **more)


def test_version_is_one_line(capsys):
    """`--version` prints the name and the version."""
    assert 0 == cli.main(["--version"])
    assert f"haidang {__version__}\n" == capsys.readouterr().out


def test_help_lists_every_command_without_importing_one(capsys):
    """The list of commands shows also in the base install."""
    before = {name for name in sys.modules if name.startswith("app.commands.")}

    assert 0 == cli.main(["--help"])
    text = capsys.readouterr().out
    assert [] == [name for name in cli.COMMANDS if f"\n  {name} " not in text]
    assert before == {name for name in sys.modules if name.startswith("app.commands.")}


def test_every_command_of_the_table_is_written():
    """The table names only modules that exist, and each of them has help."""
    assert list(cli.COMMANDS) == WRITTEN


@pytest.mark.parametrize("name", WRITTEN)
def test_summary_in_the_table_is_the_commands_own(name):
    """What `haidang --help` says of a command is what the command says of itself."""
    assert cli.COMMANDS[name].summary == cli.load(name).get_short_help_str(limit=200)


def test_wrong_command_exits_2_with_usage(capsys):
    """A misspelt command is wrong usage."""
    assert 2 == cli.main(["parze"])
    assert "No such command 'parze'" in capsys.readouterr().err


def test_problems_are_lines_and_exit_1(probe, capsys):
    """Every problem of a file is one line on the error stream."""

    def action():
        raise InputError([Problem("a.yml", 2, "x", "is missing"), Problem("a.yml", 1, "", "no")])

    assert 1 == probe(action)
    assert ("", "a.yml:1: no\na.yml:2: x: is missing\n") == capsys.readouterr()


def test_interruption_is_quiet_and_exits_130(probe, capsys):
    """Ctrl-C ends a command without a traceback."""

    def action():
        raise KeyboardInterrupt

    assert 130 == probe(action)
    assert ("", "") == capsys.readouterr()


@pytest.mark.parametrize(
    "package", ["pyarrow", "sqlalchemy.engine", "re2", "elastic_transport", "psycopg"]
)
def test_missing_extra_is_one_line(probe, capsys, monkeypatch, package):
    """A command that needs an absent package says which extra brings it."""

    def refuse(name):
        raise ModuleNotFoundError(name, name=package)

    monkeypatch.setattr(cli.importlib, "import_module", refuse)

    assert 1 == probe(lambda: None)
    expected = "haidang probe needs the extra \"soc\": pip install 'haidang[soc]'\n"
    assert expected == capsys.readouterr().err


def test_own_missing_module_is_not_blamed_on_an_extra(probe, monkeypatch):
    """A module of ours that is absent is a fault of the program and shows as one."""

    def refuse(name):
        raise ModuleNotFoundError(name, name="app.commands.probe")

    monkeypatch.setattr(cli.importlib, "import_module", refuse)

    with pytest.raises(ModuleNotFoundError):
        probe(lambda: None)


PROGRAM = """
import sys, click
from app import cli
def action():
    {action}
command = click.Command("probe", callback=action)
cli.load = lambda name: command
sys.exit(cli.main(["parse"]))
"""


def program(action, **more):
    """The words that run a command doing `action` as its own process."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(action=action)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **more,
    )


@pytest.mark.parametrize("locale", ["C", "en_US.ISO-8859-1", "vi_VN.UTF-8"])
def test_output_is_utf8_in_every_locale(locale):
    """Vietnamese words arrive as UTF-8 whatever the locale says."""
    environment = {**os.environ, "LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    action = f"click.echo({'Khẩn cấp'!a}); click.echo({'Đã mất'!a}, err=True)"
    with program(action, env=environment) as process:
        found = process.communicate()

    assert ("Khẩn cấp\n".encode(), "Đã mất\n".encode()) == found


def test_closed_pipe_is_quiet():
    """A reader such as `head` may leave; nobody wants a traceback for it."""
    with program("[click.echo('x' * 9999) for _ in range(99)]") as process:
        process.stdout.close()
        error = process.stderr.read()

    assert (cli.BROKEN_PIPE, b"") == (process.wait(), error)


def test_full_disk_under_the_output_is_one_line():
    """What cannot be written is said in words, without a traceback."""
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "haidang", "--help"],
            cwd=ROOT,
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
        )

    assert (1, b"output: No space left on device\n") == (ran.returncode, ran.stderr)


@pytest.mark.slow
def test_demo_in_a_place_that_it_cannot_use_is_one_line(tmp_path):
    """The folder's name and why; the demo is the first thing that people run."""
    (tmp_path / "seed-1").touch()
    ran = haidang("demo", "--once", "--dir", str(tmp_path))

    expected = f"{tmp_path}/seed-1: File exists\n"
    assert (1, expected) == (ran.returncode, ran.stderr.decode())


def test_signal_of_the_keyboard_is_quiet():
    """A real SIGINT ends the process with 130 and no words."""
    with program("import time; print('ready', flush=True); time.sleep(60)") as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        error = process.stderr.read()

    assert (130, b"") == (process.wait(), error)


def test_process_halts_where_the_environment_says():
    """HAIDANG_HALT_AT makes a process wait at that durable point."""
    action = "from haidang import durable; durable.point('here')"
    with program(action, env={**os.environ, cli.HALT_VARIABLE: "here"}) as process:
        said = process.stderr.readline()
        process.kill()

    assert b"halted at here\n" == said


def test_module_and_command_are_the_same_program():
    """`python -m haidang` runs the command, from any folder."""
    found = haidang("--version")

    assert (0, f"haidang {__version__}\n".encode(), b"") == (
        found.returncode,
        found.stdout,
        found.stderr,
    )


@pytest.mark.slow
def test_what_a_command_writes_is_not_for_others(tmp_path, site):
    """The stores hold logs: no file that a command makes is readable by everybody."""
    file = site(tmp_path, INPUT)
    (tmp_path / INPUT["path"]).write_bytes(ATTACK)
    for word in ("collect", "correlate"):
        ran = haidang(word, "--once", "--config", file)
        assert (0, b"") == (ran.returncode, ran.stderr)
    made = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]

    assert made
    assert [] == [path.name for path in made if path.stat().st_mode & 0o007]
