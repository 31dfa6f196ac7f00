"""What scripts/servers decides, with stub programs in place of apt-get, mvn and others."""

import os
import subprocess
from pathlib import Path

import pytest

from app.demo.software import ELASTICSEARCH

SCRIPT = Path(__file__).parents[2] / "scripts/servers"
RECORD = '#!/bin/sh\necho "$(basename "$0") $*" >> "$CALLS"\n'
# Installing makes what the packages bring.
APT_GET = f"""{RECORD}case "$*" in
*postgresql-common) mkdir -p "$HAIDANG_ROOT/etc/postgresql-common"
    echo '#create_main_cluster = true' > "$HAIDANG_ROOT/etc/postgresql-common/createcluster.conf" ;;
*postgresql) mkdir -p "$HAIDANG_ROOT/usr/lib/postgresql/15/bin"
    touch "$HAIDANG_ROOT/usr/lib/postgresql/15/bin/initdb"
    "$HAIDANG_ROOT/usr/sbin/policy-rc.d"; echo "policy $?" >> "$CALLS" ;;
*"chromium fonts-dejavu-core") mkdir -p "$HAIDANG_ROOT/usr/share/fonts/truetype/dejavu"
    touch "$HAIDANG_ROOT/usr/bin/chromium" ;;
*"prometheus prometheus-alertmanager") touch "$HAIDANG_ROOT/usr/bin/promtool"
    touch "$HAIDANG_ROOT/usr/bin/prometheus-alertmanager"
    "$HAIDANG_ROOT/usr/sbin/policy-rc.d"; echo "policy $?" >> "$CALLS" ;;
esac
"""
NEEDED = [
    "basename",
    "bash",
    "cat",
    "chmod",
    "flock",
    "ls",
    "mkdir",
    "mktemp",
    "rm",
    "sed",
    "sh",
    "touch",
]


class Machine:
    """A folder as root folder, with a PATH of nothing but the needed and the stub programs."""

    def __init__(self, folder):
        self.root, self.bin, self.cache = folder / "root", folder / "bin", folder / "cache"
        self._calls = folder / "calls"
        for name in ("usr/sbin", "usr/bin"):
            (self.root / name).mkdir(parents=True)
        self.bin.mkdir()
        for name in NEEDED:
            real = next(Path(f"{one}/{name}") for one in ("/usr/bin", "/bin"))
            (self.bin / name).symlink_to(real)
        self.stub("sleep", RECORD)
        self.stub("id", "#!/bin/sh\necho 0\n")
        self.stub("setpriv", '#!/bin/sh\nwhile [ "$1" != ls ]; do shift; done\nexec "$@"\n')

    def stub(self, name, text):
        """A program of this name."""
        (self.bin / name).write_text(text, encoding="utf-8")
        (self.bin / name).chmod(0o755)

    def with_java(self, version):
        """A JDK is there."""
        home = self.root / "usr/lib/jvm/jdk"
        home.mkdir(parents=True)
        (home / "release").write_text(f'JAVA_VERSION="{version}"\n', encoding="utf-8")

    def with_elasticsearch(self):
        """Elasticsearch was fetched before."""
        (self.cache / f"elasticsearch-{ELASTICSEARCH}").mkdir(parents=True)

    def with_postgresql(self):
        """PostgreSQL is installed."""
        (self.root / "usr/lib/postgresql/15/bin").mkdir(parents=True)
        (self.root / "usr/lib/postgresql/15/bin/initdb").touch()

    def with_browser(self):
        """Chromium and its font are installed."""
        (self.root / "usr/bin/chromium").touch()
        (self.root / "usr/share/fonts/truetype/dejavu").mkdir(parents=True)

    def with_prometheus(self):
        """Prometheus and Alertmanager are installed."""
        for name in ("promtool", "prometheus-alertmanager"):
            (self.root / "usr/bin" / name).touch()

    def with_all_but(self, *names):
        """Everything is there except these."""
        for name in {"java", "elasticsearch", "postgresql", "browser", "prometheus"} - {*names}:
            getattr(self, f"with_{name}")(*(["25"] if name == "java" else []))

    @property
    def calls(self):
        """The calls of the stubs in order."""
        return self._calls.read_text("utf-8").splitlines() if self._calls.exists() else []

    def run(self, *words):
        """Exit code, output, lines of the error output."""
        environment = {"PATH": str(self.bin), "HOME": "/nowhere", "CALLS": str(self._calls)}
        environment |= {"HAIDANG_ROOT": str(self.root), "HAIDANG_CACHE": str(self.cache)}
        told = subprocess.run(
            [SCRIPT, *words], capture_output=True, text=True, check=False, env=environment
        )
        return told.returncode, told.stdout, told.stderr.splitlines()


@pytest.fixture
def machine(tmp_path):
    """A machine with nothing on it."""
    return Machine(tmp_path)


def test_everything_there_is_silence(machine):
    """Nothing is said or done."""
    machine.with_all_but()
    machine.stub("apt-get", RECORD)

    assert (0, "", []) == machine.run()
    assert [] == machine.calls


def test_each_missing_one_is_one_line(machine):
    """Without a way to get anything, each thing that is missing has a line."""
    code, _, lines = machine.run()

    assert 1 == code
    missing = ["Elasticsearch", "Elasticsearch", "PostgreSQL", "Chromium", "Prometheus"]
    assert missing == [line.split()[0] for line in lines]


def test_old_java_is_none(machine):
    """Elasticsearch would not start with it."""
    machine.with_all_but("java")
    machine.with_java("17.0.15")

    code, _, lines = machine.run()

    assert 1 == code
    assert ["Elasticsearch needs Java 21 or newer: install a JDK, or set ES_JAVA_HOME"] == lines


def test_postgresql_is_installed_without_a_cluster_or_a_service(machine):
    """Only its programs are wanted; what kept services from starting is taken away again."""
    machine.with_all_but("postgresql")
    machine.stub("apt-get", APT_GET)

    code, told, lines = machine.run()

    assert (0, []) == (code, lines)
    assert 1 == len(told.splitlines())
    install = "apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends"
    assert [
        "apt-get update",
        f"{install} postgresql-common",
        f"{install} postgresql",
        "policy 101",
    ] == machine.calls
    config = machine.root / "etc/postgresql-common/createcluster.conf"
    assert "create_main_cluster = false\n" == config.read_text("utf-8")
    assert [] == list((machine.root / "usr/sbin").iterdir())
    assert (0, "", []) == machine.run()


def test_browser_and_prometheus_are_installed_without_a_service(machine):
    """Their programs and a font alone; nothing that the packages only recommend."""
    machine.with_all_but("browser", "prometheus")
    machine.stub("apt-get", APT_GET)

    code, told, lines = machine.run()

    assert (0, [], 2) == (code, lines, len(told.splitlines()))
    install = "apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends"
    assert [
        "apt-get update",
        f"{install} chromium fonts-dejavu-core",
        f"{install} prometheus prometheus-alertmanager",
        "policy 101",
    ] == machine.calls
    assert [] == list((machine.root / "usr/sbin").iterdir())
    assert (0, "", []) == machine.run()


def test_stores_need_neither_browser_nor_prometheus(machine):
    """The demo asks for no more than its stores."""
    machine.with_all_but("browser", "prometheus")

    assert (0, "", []) == machine.run("stores")


def test_maven_is_installed_and_a_failed_fetch_is_retried(machine):
    """Four tries with pauses; nothing half-fetched stays."""
    machine.with_all_but("elasticsearch")
    mvn = "#!/bin/sh\\necho mvn >> $CALLS; exit 1"
    make = f"printf '{mvn}' > {machine.bin}/mvn; chmod 755 {machine.bin}/mvn\n"
    machine.stub("apt-get", RECORD + make)

    code, _, lines = machine.run()

    assert (1, 1) == (code, len(lines))
    assert machine.calls[1].endswith("maven")
    assert ["mvn", "sleep 5", "mvn", "sleep 20", "mvn", "sleep 60", "mvn"] == machine.calls[2:]
    assert {".lock", "servers.log"} == {one.name for one in machine.cache.iterdir()}


def test_changed_download_is_not_taken(machine):
    """What has another checksum than the one in the script is thrown away."""
    machine.with_all_but("elasticsearch")
    (machine.bin / "sha256sum").symlink_to("/usr/bin/sha256sum")
    machine.stub(
        "mvn",
        "#!/bin/sh\nfor one; do case $one in -DoutputDirectory=*) folder=${one#*=};; esac; done\n"
        f"echo other > $folder/elasticsearch-{ELASTICSEARCH}.zip\n",
    )

    code, _, lines = machine.run()

    assert (1, 1) == (code, len(lines))
    assert {".lock", "servers.log"} == {one.name for one in machine.cache.iterdir()}
    assert "FAILED" in (machine.cache / "servers.log").read_text("utf-8")


def test_ordinary_user_installs_nothing(machine):
    """Without root the line says what to do, and apt-get is not called."""
    machine.with_all_but("postgresql")
    machine.stub("id", "#!/bin/sh\necho 1000\n")
    machine.stub("apt-get", RECORD)

    code, _, lines = machine.run()

    assert (1, 1) == (code, len(lines))
    assert [] == machine.calls


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's home is closed to the servers' users")
def test_cache_that_servers_cannot_enter_is_refused(machine):
    """The real setpriv finds root's folder closed."""
    (machine.bin / "setpriv").unlink()
    (machine.bin / "setpriv").symlink_to("/usr/bin/setpriv")
    machine.bin.parent.chmod(0o700)

    code, _, lines = machine.run()

    assert 1 == code
    assert [f"The folder {machine.cache} cannot be used"] == [line.split(":")[0] for line in lines]
