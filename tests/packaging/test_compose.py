"""docker-compose.yml agrees with the repository; no engine runs here, so each claim is compared."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import click
import pytest
import yaml

from app import cli, config
from app.commands.up import PARTS
from app.supervisor import GRACE_SECS
from haidang import __version__
from haidang.store.inventory import Inventory

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
COMPOSE = yaml.safe_load(FILE.read_text("utf-8"))
SERVICES = COMPOSE["services"]
OURS = [name for name, one in SERVICES.items() if one["image"].startswith("haidang:")]
SERVERS = ["elasticsearch", "postgres"]
SCRIPTS = ["deploy/make-secrets", "deploy/postgres/10-role.sh"]
UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def size(text: str) -> int:
    """Bytes of `512m`."""
    return int(text[:-1]) * UNITS[text[-1]]


def environment(name: str) -> dict[str, str]:
    """The environment of a service."""
    return SERVICES[name].get("environment", {})


def mounts(name: str) -> list[list[str]]:
    """(source, target, mode) of each volume; `${NAME:-DEFAULT}` counts as its default."""
    given = (re.sub(r"\$\{\w+:-(.*?)\}", r"\1", one) for one in SERVICES[name].get("volumes", ()))
    return [(one + ":rw").split(":")[:3] for one in given]


def parse(words: list[str]) -> None:
    """Lets the command line be read as `haidang` reads it. Raises click.UsageError, KeyError."""
    name, *rest = words
    command = cli.load(name)
    if isinstance(command, click.Group):
        command.make_context(name, list(rest)).close()
        name, *rest = rest
        command = command.commands[name]
    command.make_context(name, rest).close()


def test_services_are_those_that_the_documents_describe():
    """Nothing is started that docs/deploying.md does not list."""
    listed = re.findall(
        r"^\| `([\w-]+)` \|", (ROOT / "docs/deploying.md").read_text(), re.MULTILINE
    )

    assert sorted(SERVICES) == sorted(listed)


@pytest.mark.parametrize("name", SERVICES)
def test_image_is_pinned(name):
    """A service of another day runs the same software."""
    assert re.fullmatch(r"[a-z]+:\d+(\.\d+)+(-[a-z]+)?", SERVICES[name]["image"])


def test_own_image_has_the_version_of_the_code():
    """What is built now is not run under an older name."""
    assert {f"haidang:{__version__}"} == {SERVICES[name]["image"] for name in OURS}


def test_elasticsearch_is_the_version_that_the_tests_run():
    """What was tested is what is deployed."""
    [tested] = re.findall(r"^version=(\S+)$", (ROOT / "scripts/servers").read_text(), re.MULTILINE)

    assert f"elasticsearch:{tested}" == SERVICES["elasticsearch"]["image"]


def test_every_secret_used_is_a_declared_file_and_the_reverse():
    """No secret is missing, none is left over, each is a file that git ignores."""
    used = {secret for one in SERVICES.values() for secret in one.get("secrets", ())}
    files = {f"./deploy/secrets/{name}.txt" for name in used}

    assert used == set(COMPOSE["secrets"])
    assert files == {one["file"] for one in COMPOSE["secrets"].values()}
    assert "/deploy/secrets/*.txt" in (ROOT / ".gitignore").read_text().splitlines()


def test_script_makes_every_secret():
    """deploy/make-secrets makes exactly the files that are mounted."""
    [names] = re.findall(r"^for name in (.*); do$", (ROOT / SCRIPTS[0]).read_text(), re.MULTILINE)

    assert set(COMPOSE["secrets"]) == set(names.split())


@pytest.mark.parametrize("name", SERVICES)
def test_secret_is_given_to_who_reads_it(name):
    """Each /run/secrets path of a service's environment or health check is given to it."""
    given = {f"/run/secrets/{one}" for one in SERVICES[name].get("secrets", ())}
    text = yaml.safe_dump([environment(name), SERVICES[name].get("healthcheck")])

    assert set(re.findall(r"/run/secrets/\w+", text)) <= given


def test_readers_of_secrets_are_in_the_group_that_may():
    """The files belong to group 10001, and compose mounts them with the host's owner."""
    dockerfile = (ROOT / "Dockerfile").read_text()

    assert "chown root:10001" in (ROOT / SCRIPTS[0]).read_text()
    assert "\nUSER 10001:10001\n" in dockerfile
    assert [["10001"], ["10001"]] == [SERVICES[name]["group_add"] for name in SERVERS]


def test_no_password_is_written_down():
    """Every key that speaks of a password names a file."""
    text = FILE.read_text() + (ROOT / "deploy/haidang.yml").read_text()
    keys = re.findall(r"^ *(\w*password\w*): *(\S+)", text, re.IGNORECASE | re.MULTILINE)

    assert len(keys) > 5
    assert [] == [one for one in keys if not re.search(r"^/run/secrets/|^\{file:", one[1])]
    assert not re.search(r"://[^/\s:]+:[^/\s@]+@", text)


def test_every_volume_is_declared_and_every_file_exists():
    """No mount makes an empty folder where a file was meant."""
    sources = {source for name in SERVICES for source, _, _ in mounts(name)}
    named = {one for one in sources if not one.startswith((".", "/"))}

    assert set(COMPOSE["volumes"]) == named
    assert [] == [one for one in sources if one[0] == "." and not (ROOT / one).is_file()]


def test_files_of_the_host_are_read_only():
    """A container can change nothing outside its volumes."""
    assert {"ro"} == {
        mode for name in SERVICES for source, _, mode in mounts(name) if source[0] in "./"
    }


@pytest.mark.parametrize("name", OURS)
def test_command_exists_with_its_options(name):
    """`haidang` understands the command of the service, and the configuration is mounted there."""
    words = SERVICES[name]["command"]

    parse(words)
    assert words[words.index("--config") + 1] in [target for _, target, _ in mounts(name)]


def test_commands_of_the_document_exist():
    """What docs/deploying.md tells people to type is understood."""
    text = (ROOT / "docs/deploying.md").read_text("utf-8")
    lines = re.findall(r"docker compose (?:exec|run --rm) [\w-]+ haidang ([^#\n]+)", text)

    assert lines
    for line in lines:
        parse(line.split())


def test_servers_are_healthy_before_anything_uses_them():
    """Tables and templates come after both servers, our processes after those."""
    servers = {name: {"condition": "service_healthy"} for name in SERVERS}
    ready = {"store-init": {"condition": "service_completed_successfully"}}

    assert set(SERVERS) == {name for name in SERVICES if "healthcheck" in SERVICES[name]}
    assert servers == SERVICES["store-init"]["depends_on"]
    assert [ready] * len(PARTS) == [SERVICES[name]["depends_on"] for name in PARTS]


def test_memory_is_limited():
    """All but Elasticsearch fits into 2 GB; store-init has ended before the rest starts."""
    limits = {name: size(one["mem_limit"]) for name, one in SERVICES.items()}

    assert 2 << 30 >= sum(limits.values()) - limits["elasticsearch"] - limits["store-init"]


@pytest.mark.parametrize("name", SERVICES)
def test_service_is_fenced(name):
    """No capability, no new one, no host's port, only the network that leads nowhere."""
    one = SERVICES[name]

    assert (["ALL"], ["no-new-privileges:true"]) == (one["cap_drop"], one["security_opt"])
    assert ["internal"] == one["networks"]
    assert not {"ports", "privileged", "network_mode", "pid", "cap_add", "devices"} & set(one)
    assert name == "elasticsearch" or one["read_only"] is True
    assert "max-size" in one["logging"]["options"]


def test_network_leads_nowhere():
    """No container reaches or is reached from outside."""
    assert {"internal": {"internal": True}} == COMPOSE["networks"]


def test_long_running_services_come_back():
    """After a crash or a reboot everything but the one-shot runs again."""
    assert {name: "no" if name == "store-init" else "unless-stopped" for name in SERVICES} == {
        name: one["restart"] for name, one in SERVICES.items()
    }


def test_configuration_loads_and_names_these_services():
    """deploy/haidang.yml is valid, and points at the services, roles and secrets of compose."""
    settings = config.load(ROOT / "deploy/haidang.yml")
    postgres = environment("postgres")
    url = urlsplit(settings.postgresql.url)

    assert ("cluster", Path("/var/lib/haidang")) == (settings.profile, settings.data_dir)
    assert ("http://elasticsearch:9200",) == settings.elasticsearch.hosts
    assert ("postgres", postgres["HAIDANG_ROLE"]) == (url.hostname, url.username)
    assert f"/{postgres['POSTGRES_DB']}" == url.path
    assert postgres["POSTGRES_USER"] == settings.postgresql.owner
    assert environment("elasticsearch")["ELASTIC_PASSWORD_FILE"] == str(
        settings.elasticsearch.password_file
    )
    assert postgres["HAIDANG_ROLE_PASSWORD_FILE"] == str(settings.postgresql.password_file)
    assert postgres["POSTGRES_PASSWORD_FILE"] == str(settings.postgresql.owner_password_file)
    for name in OURS:
        assert str(settings.data_dir) in [target for _, target, _ in mounts(name)]


def test_same_parts_run_as_under_up():
    """Compose and `haidang up` run the same commands."""
    assert set(PARTS) == set(OURS) - {"store-init"}
    assert [[name] for name in PARTS] == [SERVICES[name]["command"][:1] for name in PARTS]


def test_unit_of_the_document_is_what_up_understands():
    """The command of the systemd unit parses; it has more time to end than the parts' grace."""
    text = (ROOT / "docs/deploying.md").read_text("utf-8")
    [words] = re.findall(r"^ExecStart=\S+/haidang (.*)$", text, re.MULTILINE)
    [patience] = re.findall(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)

    parse(words.split())
    assert GRACE_SECS < int(patience)


def test_inputs_lie_under_the_mounted_logs_and_in_the_inventory():
    """The example reads what is mounted, for units and zones that its inventory knows."""
    settings = config.load(ROOT / "deploy/haidang.yml")
    records = Inventory.load(settings.inventory).records
    known = {(unit.id, zone.id) for unit in records.units for zone in records.zones}

    assert ["/var/log", "/logs", "ro"] in mounts("collect")
    assert settings.inputs
    assert all(str(one.path).startswith("/logs/") for one in settings.inputs)
    assert {(one.operator, one.zone) for one in settings.inputs} <= known


@pytest.mark.parametrize("script", SCRIPTS)
def test_script_is_valid_and_executable(script):
    """The shell can read it, and the image runs it instead of sourcing it."""
    subprocess.run(["bash", "-n", ROOT / script], check=True)

    assert (ROOT / script).stat().st_mode & 0o111 == 0o111


def test_health_check_of_elasticsearch_shows_no_password(tmp_path):
    """The shell gives the password to curl's standard input; `$$` of compose becomes `$`."""
    (tmp_path / "elasticsearch_password").write_text("s3cret\n")
    curl = tmp_path / "curl"
    curl.write_text(f'#!/bin/sh\ncat >{tmp_path}/input\nprintf "%s\\n" "$@" >{tmp_path}/words\n')
    curl.chmod(0o755)
    kind, script = SERVICES["elasticsearch"]["healthcheck"]["test"]
    script = script.replace("$$", "$").replace("/run/secrets", str(tmp_path))
    path = f"{tmp_path}:{os.environ['PATH']}"
    subprocess.run(["sh", "-c", script], check=True, env={"PATH": path})

    assert "CMD-SHELL" == kind
    assert 'user = "elastic:s3cret"' == (tmp_path / "input").read_text()
    assert "s3cret" not in (tmp_path / "words").read_text()
    assert not re.search(r"(?<!\$)\$(?!\$)", SERVICES["elasticsearch"]["healthcheck"]["test"][1])


def test_compose_itself_accepts_the_file():
    """The real parser, where there is one; it needs no engine."""
    if (
        not shutil.which("docker")
        or subprocess.run(
            ["docker", "compose", "version"], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("docker compose is not installed")
    command = ["docker", "compose", "--file", FILE, "config", "--quiet"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (0, "") == (found.returncode, found.stderr)
