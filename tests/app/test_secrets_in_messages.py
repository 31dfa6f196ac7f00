"""A secret of the configuration is in no message, wherever a person wrote it."""

import copy

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app import config
from haidang.errors import InputError

WORD = "Zq9matkhau"
URLS = (f"http://lan:{WORD}@es.example:9200", f"postgresql://lan:{WORD}@db.example/haidang")
CONFIG = {
    "profile": "cluster",
    "data_dir": "data",
    "inventory": "inventory.yml",
    "rules": ["more"],
    "elasticsearch": {"hosts": ["http://es:9200"], "user": "lan", "password_file": "es.txt"},
    "postgresql": {"url": "postgresql://lan@db/haidang", "owner": "chu"},
    "inputs": [
        {"name": "ha", "path": "a.log", "dataset": "nginx.access", "operator": "dc", "zone": "dc"}
    ],
}


def _places(value, path=()):
    """Every path of a value."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in inner if isinstance(value, dict | list) else ():
        yield from _places(one, (*path, key))


PLACES = [path for path in _places(CONFIG) if path]


@given(st.sampled_from(PLACES), st.sampled_from(URLS), st.sampled_from(["value", "key", "broken"]))
def test_a_password_in_a_url_is_never_repeated(tmp_path_factory, path, url, way):
    """As a value, as a key, in a line that is no YAML."""
    settings = copy.deepcopy(CONFIG)
    inner = settings
    for key in path[:-1]:
        inner = inner[key]
    if way == "key" and isinstance(inner, dict):
        inner[url] = inner.pop(path[-1])
    else:
        inner[path[-1]] = url
    text = yaml.safe_dump(settings)
    file = tmp_path_factory.mktemp("site") / "haidang.yml"
    file.write_text(text.replace(url, f"[{url}: {{") if way == "broken" else text, "utf-8")
    said = ""
    try:
        config.load(file)
    except InputError as error:
        said = str(error)
    assert WORD not in said


@pytest.mark.parametrize("command", [["collect", "--once"], ["coverage"], ["store", "check"]])
def test_servers_that_are_away_are_told_without_their_passwords(
    haidang, site, tmp_path, monkeypatch, command
):
    """From files, and from the environment."""
    (tmp_path / "es.txt").write_text(WORD, "utf-8")
    monkeypatch.setenv("HAIDANG_POSTGRESQL_PASSWORD", WORD)
    file = site(
        tmp_path,
        profile="cluster",
        elasticsearch={
            "hosts": ["http://127.0.0.1:1"], "user": "lan", "password_file": "es.txt"
        },
        postgresql={"url": "postgresql://lan@127.0.0.1:1/haidang"},
    )  # fmt: skip
    ran = haidang(*command, "--config", file)
    assert (1, True) == (ran.code, ran.clean)
    assert ran.out + ran.err
    assert WORD not in ran.out + ran.err
