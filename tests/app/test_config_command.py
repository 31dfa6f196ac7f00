"""haidang config: everything that is wrong at once, what holds and from where, never a secret."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.site import INPUT

ROOT = Path(__file__).parents[2]
SECRET = "t0p-s3cret-of-nobody"  # noqa: S105 - planted, to be looked for
CLUSTER = {
    "profile": "cluster",
    "elasticsearch": {"hosts": ["http://es:9200"], "user": "u", "password_file": "es.txt"},
    "postgresql": {"url": "postgresql://haidang@db:5432/haidang", "password_file": "pg.txt"},
}


@pytest.fixture
def clustered_site(tmp_path, site):
    """A site of the profile *cluster* whose two secrets are there."""
    for name in ("es.txt", "pg.txt"):
        (tmp_path / name).write_text(SECRET)
        (tmp_path / name).chmod(0o640)
    file = site(tmp_path, INPUT, **CLUSTER)
    (tmp_path / "logs/a.log").write_text("")
    return file


def lines(ran):
    """What was said on standard error, without the folder of this test's site."""
    return ran.err.splitlines()


def test_right_site_is_one_line(haidang, web):
    """Nothing to say but what was looked at; nothing is made."""
    ran = haidang("config", "check", "--config", web)

    assert (0, "") == (ran.code, ran.err)
    expected = f"ok: {web}: 1 inputs, profile embedded; 0 problems, 0 warnings\n"
    assert expected == ran.out
    assert not (web.parent / "data").exists()


def test_printed_example_passes_the_check_in_a_new_folder(haidang, tmp_path):
    """`config example` and its inventory are a start; a missing log is only a warning."""
    for name, words in (("haidang.yml", []), ("inventory.yml", ["--inventory"])):
        ran = haidang("config", "example", *words)
        (tmp_path / name).write_text(ran.out, "utf-8")
    text = (tmp_path / "haidang.yml").read_text("utf-8")
    (tmp_path / "haidang.yml").write_text(text.replace("/var/log", "logs"), "utf-8")
    ran = haidang("config", "check", "--config", tmp_path / "haidang.yml")
    strict = haidang("config", "check", "--strict", "--config", tmp_path / "haidang.yml")

    assert (0, 1) == (ran.code, strict.code)
    [warning] = lines(ran)
    assert warning.endswith("logs/nginx/access.log matches no file yet")
    assert "; 0 problems, 1 warnings" in ran.out


def test_every_problem_of_the_file_comes_at_once(haidang, web):
    """With line, field and hint; the rest cannot be looked at, and that is said."""
    web.write_text("data_dir: data\ninventory: i.yml\nintervall_secs: 5\nthreads: 0\n", "utf-8")
    ran = haidang("config", "check", "--config", web)

    assert [
        f"{web}:3: intervall_secs: unknown key; did you mean interval_secs?",
        f"{web}:4: threads: must be from 1 to 256",
    ] == lines(ran)
    assert 1 == ran.code
    expected = f"not usable: {web}: what it names was not looked at; 2 problems, 0 warnings\n"
    assert expected == ran.out


def test_what_the_file_names_is_looked_at_all_at_once(haidang, web):
    """Inventory, rules, secrets, folders: one run shows everything."""
    folder = web.parent
    content = yaml.safe_load(web.read_text("utf-8"))
    content["inputs"][0]["operator"] = "haa"
    content |= {"calendar": "none.yml", "rules": ["mine", "gone"], "data_dir": "inventory.yml"}
    content["rule_modes"] = [{"rule": "no such rule", "mode": "off", "reason": "r"}]
    content["console"] = {"metrics_token_file": "token"}
    web.write_text(yaml.safe_dump(content), "utf-8")
    (folder / "mine").mkdir()
    (folder / "mine/broken.yml").write_text("title: a\n", "utf-8")
    ran = haidang("config", "check", "--config", web)

    for words in (
        "inputs.ha.operator: 'haa' is not in ",
        f"{folder}/none.yml: cannot be read",
        f"{folder}/gone: no such file or folder of rules",
        f"warning: rule left out: {folder}/mine/broken.yml",
        "rule_modes: no rule here has the rule 'no such rule'",
        f"console.metrics_token_file: {folder}/token: cannot be read",
        f"data_dir: {folder}/inventory.yml is not a folder",
    ):
        assert words in ran.err
    assert "; 5 problems, " in ran.out
    assert (1, True) == (ran.code, ran.clean)


def test_secret_that_everybody_may_read_is_a_problem(haidang, clustered_site):
    """Each such file is named with the remedy; no word of any secret is said."""
    right = haidang("config", "check", "--config", clustered_site)
    (clustered_site.parent / "pg.txt").chmod(0o644)
    wrong = haidang("config", "check", "--config", clustered_site)

    assert (0, "") == (right.code, right.err)
    assert 1 == wrong.code
    file = clustered_site.parent / "pg.txt"
    assert [f"{file}: every user of this machine may read it; chmod o-rwx {file}"] == lines(wrong)
    assert SECRET not in right.out + wrong.out + wrong.err


def test_secret_said_twice_is_a_problem(haidang, clustered_site, monkeypatch):
    """A file and a variable for one password: nobody can know which holds."""
    monkeypatch.setenv("HAIDANG_POSTGRESQL_PASSWORD", SECRET)
    ran = haidang("config", "check", "--config", clustered_site)

    assert (1, False) == (ran.code, SECRET in ran.out + ran.err)
    assert "postgresql.password_file: HAIDANG_POSTGRESQL_PASSWORD: is set although" in ran.err


def test_owner_s_secret_may_be_elsewhere(haidang, clustered_site):
    """Only `store init` needs it: where it cannot be read, that is a warning."""
    content = yaml.safe_load(clustered_site.read_text("utf-8"))
    content["postgresql"] |= {"owner": "o", "owner_password_file": "owner.txt"}
    clustered_site.write_text(yaml.safe_dump(content), "utf-8")
    ran = haidang("config", "check", "--config", clustered_site)

    assert 0 == ran.code
    assert "warning: postgresql.owner_password_file: " in ran.err


@pytest.mark.parametrize(
    ("section", "key"),
    [
        pytest.param("", "password", id="top"),
        pytest.param("elasticsearch", "password", id="elasticsearch"),
        pytest.param("postgresql", "password", id="postgresql"),
        pytest.param("postgresql", "owner_password", id="owner"),
        pytest.param("console", "metrics_token", id="console"),
    ],
)
def test_secret_in_the_file_is_refused_and_not_repeated(haidang, clustered_site, section, key):
    """There is no key for a secret, anywhere; the message does not say what stood there."""
    content = yaml.safe_load(clustered_site.read_text("utf-8"))
    (content.setdefault(section, {}) if section else content)[key] = SECRET
    clustered_site.write_text(yaml.safe_dump(content), "utf-8")
    for word in ("check", "show"):
        ran = haidang("config", word, "--config", clustered_site)
        assert (1, False) == (ran.code, SECRET in ran.out + ran.err)
        assert f"{section}.{key}: unknown key".lstrip(".") in ran.err


@pytest.mark.slow
def test_log_that_we_may_not_read_is_a_warning(web):
    """As a user without rights, in a process of its own."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to become another user")
    (web.parent / "logs/a.log").chmod(0o600)
    for folder in (web.parent, *web.parent.parents):
        folder.chmod(folder.stat().st_mode | 0o055)
    words = ["setpriv", "--reuid=65534", "--clear-groups", sys.executable, "-m", "haidang"]
    ran = subprocess.run(
        [*words, "config", "check", "--config", web],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )

    assert "logs/a.log cannot be read; add our user to its group" in ran.stderr
    assert f"data_dir: {web.parent} cannot be written by our user (number 65534)" in ran.stderr
    assert 1 == ran.returncode


def test_show_says_what_holds_and_from_where(haidang, web):
    """A line of the file, or the default."""
    ran = haidang("config", "show", "--config", web)
    shown = ran.out.splitlines()
    text = web.read_text("utf-8").splitlines()
    number = 1 + text.index("inventory: inventory.yml")

    assert 0 == ran.code
    assert f"inventory = {web.parent}/inventory.yml  ({web}:{number})" in shown
    assert "interval_secs = 60  (default)" in shown
    assert "console.listen = 127.0.0.1:8740  (default)" in shown
    assert "inputs.0.timezone = +07:00  (default)" in shown
    assert "console.metrics_token = -  (nowhere)" in shown


def test_show_says_where_a_secret_is_but_never_what(haidang, clustered_site, monkeypatch):
    """As JSON, too: file or variable."""
    monkeypatch.setenv("HAIDANG_METRICS_TOKEN", SECRET)
    ran = haidang("config", "show", "--config", clustered_site, "--format", "json")
    found = {one["key"]: one for one in map(json.loads, ran.out.splitlines())}

    assert SECRET not in ran.out + ran.err
    assert f"file {clustered_site.parent}/es.txt" == found["elasticsearch.password"]["from"]
    assert "environment HAIDANG_METRICS_TOKEN" == found["console.metrics_token"]["from"]
    assert "http://es:9200" == found["elasticsearch.hosts.0"]["value"]
    assert {None} == {found[f"{one}.password"]["value"] for one in ("elasticsearch", "postgresql")}
