"""haidang.yml: right files become settings, wrong ones all their problems at once."""

import datetime as dt
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import config
from app.settings import ElasticsearchSettings, PostgresqlSettings
from haidang.errors import InputError

MINIMAL = "data_dir: data\ninventory: inventory.yml\n"
INPUT = """\
inputs:
  - name: web
    path: logs/access.log*
    dataset: nginx.access
    operator: so-nnmt
    zone: trung-tam
"""
CLUSTER = """\
profile: cluster
elasticsearch:
  hosts: ["http://es-1:9200", "https://[::1]:9201/"]
  user: haidang
  password_file: secrets/elasticsearch.txt
  ca_certs: ca.pem
  prefix: mau-1
postgresql:
  url: postgresql://haidang@db:5432/haidang?sslmode=verify-full
  password_file: /run/secrets/postgresql
  owner: haidang_owner
  owner_password_file: secrets/owner.txt
"""
INPUT_KEYS = ("name", "path", "timezone", "max_ahead_secs")


def write(folder: Path, text: str) -> Path:
    """A configuration file with this text."""
    file = folder / "haidang.yml"
    file.write_text(text, encoding="utf-8")
    return file


def problems(folder: Path, text: str) -> list[str]:
    """`line: field: what` of each problem of this text."""
    with pytest.raises(InputError) as caught:
        config.load(write(folder, text))
    return [f"{one.line}: {one.field}: {one.what}" for one in caught.value.problems]


def test_minimal_file_gets_the_documented_defaults(tmp_path):
    """What is not written has the default of its field; paths are relative to the file."""
    expected = config.Config(tmp_path / "data", tmp_path / "inventory.yml")

    assert expected == config.load(write(tmp_path, MINIMAL))


def test_full_input_is_read_as_written(tmp_path):
    """Every key of an input arrives under its name."""
    more = "    host: WEB-01\n    timezone: -03:30\n    max_ahead_secs: 5\n    max_behind_days: 9\n"
    expected = config.InputSettings(
        name="web",
        path=f"{tmp_path}/logs/access.log*",
        dataset="nginx.access",
        operator="so-nnmt",
        zone="trung-tam",
        host="WEB-01",
        timezone=dt.timezone(-dt.timedelta(hours=3, minutes=30)),
        max_ahead_secs=5,
        max_behind_days=9,
    )

    assert (expected,) == config.load(write(tmp_path, MINIMAL + INPUT + more)).inputs


def test_cluster_is_read_as_written(tmp_path):
    """Both sections arrive whole; files are relative to the configuration."""
    found = config.load(write(tmp_path, MINIMAL + CLUSTER))

    assert "cluster" == found.profile
    assert (
        ElasticsearchSettings(
            hosts=("http://es-1:9200", "https://[::1]:9201"),
            user="haidang",
            password_file=tmp_path / "secrets/elasticsearch.txt",
            ca_certs=tmp_path / "ca.pem",
            prefix="mau-1",
        )
        == found.elasticsearch
    )
    assert (
        PostgresqlSettings(
            url="postgresql://haidang@db:5432/haidang?sslmode=verify-full",
            password_file=Path("/run/secrets/postgresql"),
            owner="haidang_owner",
            owner_password_file=tmp_path / "secrets/owner.txt",
        )
        == found.postgresql
    )


def test_smallest_cluster_has_the_documented_defaults(tmp_path):
    """Hosts and url are all that must be said."""
    text = (
        MINIMAL + "profile: cluster\nelasticsearch: {hosts: ['http://h:1']}\n"
        "postgresql: {url: 'postgresql://u@h/d'}\n"
    )
    found = config.load(write(tmp_path, text))

    assert ElasticsearchSettings(("http://h:1",)) == found.elasticsearch
    assert PostgresqlSettings("postgresql://u@h/d") == found.postgresql


EMBEDDED = "belongs to the profile cluster; say `profile: cluster`, or leave it out"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "profile: cluster\n",
            [
                "3: profile: cluster needs the section `elasticsearch`",
                "3: profile: cluster needs the section `postgresql`",
            ],
            id="cluster without its stores",
        ),
        pytest.param(
            CLUSTER.partition("postgresql:")[0],
            ["3: profile: cluster needs the section `postgresql`"],
            id="events on a cluster, state in a file",
        ),
        pytest.param(
            CLUSTER.removeprefix("profile: cluster\n"),
            [f"3: elasticsearch: {EMBEDDED}", f"9: postgresql: {EMBEDDED}"],
            id="sections without their profile",
        ),
        pytest.param(
            CLUSTER.replace("cluster", "embedded"),
            [f"4: elasticsearch: {EMBEDDED}", f"10: postgresql: {EMBEDDED}"],
            id="embedded with servers",
        ),
        pytest.param(
            CLUSTER + "threads: 2\nmemory_limit: 1GB\n",
            [
                "15: threads: belongs to the profile embedded; leave it out",
                "16: memory_limit: belongs to the profile embedded; leave it out",
            ],
            id="cluster with the bounds of embedded queries",
        ),
        pytest.param(
            "profile: hybrid\n",
            ["3: profile: must be embedded or cluster"],
            id="a profile between",
        ),
        pytest.param(
            "profile: true\n",
            ["3: profile: must be text, not true or false"],
            id="profile is no text",
        ),
    ],
)
def test_there_is_nothing_between_the_profiles(tmp_path, text, expected):
    """A mixture is refused with the line and with what to do."""
    assert expected == problems(tmp_path, MINIMAL + text)


HOST = "http(s)://host:port"
DATABASE = "postgresql://user@host:port/database"
REFUSED = "must hold no password; see `user` and `password_file` in docs/reference.md"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param("http://es-1:9200", "es-1:9200", f"hosts.0: must be {HOST}", id="no scheme"),
        pytest.param("http://es-1:9200", "ftp://h:1", f"hosts.0: must be {HOST}", id="ftp"),
        pytest.param("http://es-1:9200", "http://es-1", f"hosts.0: must be {HOST}", id="no port"),
        pytest.param("es-1:9200", "es-1:0", f"hosts.0: must be {HOST}", id="port 0"),
        pytest.param("es-1:9200", "es-1:99999", f"hosts.0: must be {HOST}", id="port too high"),
        pytest.param("es-1:9200", "es-1:x", f"hosts.0: must be {HOST}", id="port is a word"),
        pytest.param("es-1:9200", ":9200", f"hosts.0: must be {HOST}", id="no host"),
        pytest.param("es-1:9200", "es-1:9200/a", f"hosts.0: must be {HOST}", id="a path"),
        pytest.param("[::1]", "[::1", f"hosts.1: must be {HOST}", id="half a bracket"),
        pytest.param("es-1:9200", "u:geheim@h:1", f"hosts.0: {REFUSED}", id="a password"),
        pytest.param("es-1:9200", "geheim@h:1", f"hosts.0: {REFUSED}", id="a user"),
        pytest.param("mau-1", "Mau", "prefix: must be small letters, digits or `-`, a letter "
                     "first, at most 31", id="capital in the prefix"),
        pytest.param("mau-1", "m" * 32, "prefix: must be small letters, digits or `-`, a letter "
                     "first, at most 31", id="long prefix"),
        pytest.param("  user: haidang\n", "", "password_file: is a password of nobody: `user` is "
                     "missing", id="password without user"),
        pytest.param("  owner: haidang_owner\n", "", "owner_password_file: is a password of "
                     "nobody: `owner` is missing", id="owner's password without owner"),
        pytest.param("haidang@db", "haidang:geheim@db", f"url: {REFUSED}", id="password, too"),
        pytest.param("haidang@db", "db", f"url: must be {DATABASE}", id="no user"),
        pytest.param("/haidang?", "?", f"url: must be {DATABASE}", id="no database"),
        pytest.param("postgresql://", "mysql://", f"url: must be {DATABASE}", id="other database"),
        pytest.param("sslmode=verify-full", "password=geheim", "url: may have no options but "
                     "sslmode, sslrootcert", id="password among the options"),
        pytest.param("  prefix: mau-1", "  prefixe: x", "prefixe: unknown key; did you mean "
                     "prefix?", id="unknown key"),
        pytest.param("ca.pem", "''", "ca_certs: must not be empty", id="empty file name"),
        pytest.param('["http://es-1:9200", "https://[::1]:9201/"]', "[]",
                     "hosts: must name at least one host", id="no hosts"),
        pytest.param('["http://es-1:9200", "https://[::1]:9201/"]', "http://es-1:9200",
                     "hosts: must be a list, not text", id="hosts is no list"),
    ],
)  # fmt: skip
def test_wrong_server_is_named_and_no_password_repeated(tmp_path, old, new, expected):
    """Where it is and what it must be, whatever else the value holds."""
    assert old in CLUSTER
    [found] = problems(tmp_path, MINIMAL + CLUSTER.replace(old, new))

    assert re.fullmatch(rf"\d+: (elasticsearch|postgresql)\.{re.escape(expected)}", found)
    assert "geheim" not in found


def test_input_times_are_vietnamese_unless_said(tmp_path):
    """An input without a time zone is read at UTC+7."""
    [one] = config.load(write(tmp_path, MINIMAL + INPUT)).inputs

    assert dt.timedelta(hours=7) == one.timezone.utcoffset(None)


def test_absolute_paths_stay(tmp_path):
    """A path that does not start at the file's folder is kept as it is."""
    text = "data_dir: /var/lib/haidang\ninventory: i.yml\nrules: [/etc/haidang/rules, mine]\n"
    found = config.load(write(tmp_path, text))

    assert Path("/var/lib/haidang") == found.data_dir
    assert (Path("/etc/haidang/rules"), tmp_path / "mine") == found.rules


def test_the_folder_of_the_file_is_no_pattern(tmp_path):
    """Brackets in the folder's own name match themselves, only the setting is a pattern."""
    folder = tmp_path / "site [1]"
    (folder / "logs").mkdir(parents=True)
    (folder / "logs/access.log").touch()
    [one] = config.load(write(folder, MINIMAL + INPUT)).inputs

    assert [folder / "logs/access.log"] == list(Path("/").glob(one.path[1:]))


def test_all_problems_come_at_once_with_their_lines(tmp_path):
    """One run of the command shows everything that has to be changed."""
    text = (
        "data_dir: 5\nintervall_secs: 9\nthreads: 0\nmemory_limit: lots\ninputs:\n  - name: Web\n"
    )

    assert [
        "1: data_dir: must be text, not a whole number",
        "1: inventory: is missing",
        "2: intervall_secs: unknown key; did you mean interval_secs?",
        "3: threads: must be from 1 to 256",
        "4: memory_limit: must be a size like 128MB or 2GB",
        "6: inputs.0.dataset: is missing",
        "6: inputs.0.name: must be small letters, digits, `.`, `_` or `-`, at most 64",
        "6: inputs.0.operator: is missing",
        "6: inputs.0.path: is missing",
        "6: inputs.0.zone: is missing",
    ] == problems(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("- a\n", "1: : must be a mapping of settings", id="list"),
        pytest.param("", "0: : is empty", id="empty"),
        pytest.param("a: 1\n---\nb: 2\n", "0: : must be one YAML document", id="two"),
        pytest.param(
            MINIMAL + "zzz: 1\n",
            "3: zzz: unknown key; known here: data_dir, inventory, calendar, profile, "
            "elasticsearch, postgresql, rules, packs, rule_days, rule_budget, rule_modes, "
            "interval_secs, allowance_secs, memory_limit, threads, console, inputs",
            id="unknown-key",
        ),
        pytest.param(
            MINIMAL + "threads: true\n",
            "3: threads: must be a whole number, not true or false",
            id="truth-is-no-number",
        ),
        pytest.param(
            MINIMAL + INPUT + "    timezone: 10:00\n",
            "9: inputs.0.timezone: must be an offset from UTC, like +07:00",
            id="offset-without-sign",
        ),
        pytest.param(
            MINIMAL + INPUT + "    timezone: '+15:00'\n",
            "9: inputs.0.timezone: must be at most 14 hours from UTC",
            id="offset-too-far",
        ),
        pytest.param(
            MINIMAL + INPUT + INPUT.removeprefix("inputs:\n"),
            "9: inputs.1.name: web is there twice",
            id="name-twice",
        ),
        pytest.param(
            MINIMAL + INPUT.replace("so-nnmt", '""'),
            "7: inputs.0.operator: must not be empty",
            id="empty-text",
        ),
        pytest.param(
            MINIMAL + INPUT.replace("so-nnmt", '"a\\0"'),
            "7: inputs.0.operator: must have no control characters and no blanks around it",
            id="control-character",
        ),
        pytest.param(
            MINIMAL + "inputs: [web]\n",
            "3: inputs.0: must be a mapping with name, path, dataset, operator, zone, host, "
            "timezone, max_ahead_secs, max_behind_days",
            id="input-is-text",
        ),
        pytest.param(
            MINIMAL + "packs: [webb]\n",
            "3: packs.0: no such pack; known: day-one, linux-server, network, web, windows",
            id="pack",
        ),
        pytest.param(
            MINIMAL + "rule_modes:\n  - {mode: off, reason: a}\n",
            "4: rule_modes.0: must name one of: rule, tag, set",
            id="mode-of-nothing",
        ),
        pytest.param(
            MINIMAL + "rule_modes:\n  - {rule: a, tag: b, mode: off, reason: a}\n",
            "4: rule_modes.0: must name one of: rule, tag, set",
            id="mode-of-two",
        ),
        pytest.param(
            MINIMAL + "rule_modes:\n  - {rule: a, mode: silent, reason: a}\n",
            "4: rule_modes.0.mode: must be one of on, trial, off",
            id="mode",
        ),
        pytest.param(
            MINIMAL + "rule_modes:\n  - {rule: a, mode: off}\n",
            "4: rule_modes.0.reason: is missing",
            id="mode-without-a-reason",
        ),
        pytest.param(
            MINIMAL + "rule_modes:\n  - {rule: a, mode: off, reason: a, until: soon}\n",
            "4: rule_modes.0.until: must be a day such as 2026-11-18, not text",
            id="mode-until-no-day",
        ),
        pytest.param(
            MINIMAL + "rules: [7]\n",
            "3: rules.0: must be text, not a whole number",
            id="rule-path-is-number",
        ),
    ],
)
def test_problem_is_named_where_it_is(tmp_path, text, expected):
    """Each kind of mistake has its line, its field and a sentence."""
    assert [expected] == problems(tmp_path, text)


def test_missing_file_is_a_problem_not_a_traceback(tmp_path):
    """A file that cannot be read is said so, by its name."""
    with pytest.raises(
        InputError,
        match=r"haidang\.yml: cannot be read: No such .*; write one .* with --config",
    ):
        config.load(tmp_path / "haidang.yml")


ANY_KEY = [*INPUT_KEYS, "inputs", "rules", "threads", "zzz"]
ANY_KEY += ["profile", "elasticsearch", "postgresql"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@pytest.mark.slow
@settings(max_examples=50)
@given(key=st.sampled_from(ANY_KEY), value=VALUES)
def test_any_value_gives_settings_or_problems(tmp_path_factory, key, value):
    """Whatever a key holds, the answer is settings or InputError, nothing else."""
    folder = tmp_path_factory.getbasetemp()
    content = {"data_dir": "data", "inventory": "i.yml", "inputs": [{key: value}], key: value}
    file = write(folder, json.dumps(content))
    try:
        found = config.load(file)
    except InputError as error:
        messages = str(error).splitlines()
    else:
        messages = [f"{file}:" for one in found.inputs if not one.name]

    assert all(message.startswith(f"{file}:") for message in messages)
