"""What only a server does: away, restarting, cutting off, refusing; roles, and setting up."""

from contextlib import closing

import psycopg
import pytest
from sqlalchemy import insert, select, text

from app.demo.process import running
from app.demo.servers import free_port, postgresql
from haidang.errors import HaidangError, Superseded, Unavailable
from haidang.store import audit
from haidang.store.state import tables
from haidang.store.state.database import move_cursor, read_cursor
from haidang.store.state.postgresql import (
    Server,
    check_postgresql,
    init_postgresql,
    open_postgresql,
)
from tests.support.servers import scratch, software

SECRET = "mật-khẩu bí mật"  # noqa: S105 - of a role that lives as long as the test
HBA = "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"


@pytest.fixture
def name(cluster):
    """A new database that was set up."""
    with cluster.database() as made:
        yield made


@pytest.fixture
def empty(cluster):
    """A new database that was not set up."""
    with cluster.database(template="template0") as made:
        yield made


@pytest.fixture
def database(cluster, name):
    """The state store on it, as the run-time role."""
    with closing(open_postgresql(cluster.server(name))) as opened:
        yield opened


def move(database, old, new):
    """Move a cursor in a transaction of its own."""
    with database.transaction("test") as connection:
        move_cursor(connection, "c", old, new)


def cursor_of(database):
    """Return where a cursor stands."""
    with database.reading() as connection:
        return read_cursor(connection, "c")


def used(server):
    """Use a store once; the error that comes of it."""
    with closing(open_postgresql(server)) as database, pytest.raises(HaidangError) as caught:
        cursor_of(database)
    return caught.value


def test_opening_needs_no_server():
    """A command that starts before its database does not die; each use says that it is away."""
    server = Server(f"postgresql://nobody@127.0.0.1:{free_port(32_000)}/none", patience_secs=2)
    with closing(open_postgresql(server)) as database:
        for use in (cursor_of, lambda one: move(one, "", "1"), check_postgresql):
            with pytest.raises(Unavailable, match=r"^the state store .*refused"):
                use(database)


def test_what_runs_is_checked_and_settled(database):
    """A store that init made passes, and the sessions have our settings whatever the server's."""
    check_postgresql(database)
    names = "lock_timeout", "idle_in_transaction_session_timeout", "transaction_isolation"
    with database.transaction("test") as connection:
        shown = [connection.execute(text(f"SHOW {one}")).scalar_one() for one in names]
    assert ["30s", "30s", "read committed"] == shown


def test_reading_writes_nothing(database):
    """A consistent view of all tables, and the server refuses to write in it."""
    with database.reading() as connection:
        shown = connection.execute(text("SHOW transaction_isolation")).scalar_one()
        with pytest.raises(Exception, match="read-only transaction"):
            connection.execute(insert(tables.detection).values(payload=b""))
    assert "repeatable read" == shown
    move(database, "", "1")
    assert "1" == cursor_of(database)


@pytest.mark.parametrize("use", [cursor_of, lambda database: move(database, "1", "2")])
def test_sessions_that_were_ended_between_uses_are_made_anew(cluster, name, database, use):
    """A restart of the server between two ticks is not even noticed."""
    move(database, "", "1")
    assert 0 < cluster.end_sessions(name)
    use(database)
    assert cursor_of(database) in {"1", "2"}


def test_session_that_is_ended_inside_is_unavailable_and_works_again(cluster, name, database):
    """Nothing of the transaction is left, and the next one finds everything as before."""
    move(database, "", "1")

    def cut():
        with database.transaction("test") as connection:
            move_cursor(connection, "c", "1", "2")
            cluster.end_sessions(name)
            connection.execute(insert(tables.detection).values(payload=b"x"))

    with pytest.raises(Unavailable):
        cut()
    assert "1" == cursor_of(database)
    move(database, "1", "2")
    assert "2" == cursor_of(database)


def test_session_that_is_ended_before_the_commit_is_unavailable(cluster, name, database):
    """The commit itself fails, and leaves nothing."""

    def cut():
        with database.transaction("test") as connection:
            move_cursor(connection, "c", "", "1")
            cluster.end_sessions(name)

    with pytest.raises(Unavailable):
        cut()
    assert "" == cursor_of(database)


def test_worker_that_idles_with_a_lock_is_cut_off(cluster, name, database):
    """Its late commit fails by itself; the one who waited goes on."""
    move(database, "", "0")
    with closing(open_postgresql(cluster.server(name, patience_secs=1))) as idle:

        def idles():
            with idle.transaction("test") as connection:
                move_cursor(connection, "c", "0", "idle")
                move(database, "0", "other")  # waits until the server ends the session above

        with pytest.raises(Unavailable, match="idle-in-transaction"):
            idles()
        assert "other" == cursor_of(idle)
        with pytest.raises(Superseded):
            move(idle, "0", "idle")


def test_failed_statement_leaves_the_connection_usable(database):
    """The transaction is lost, the connection is not."""
    with pytest.raises(HaidangError, match="permission denied"), database.reading() as connection:
        connection.execute(text("SELECT * FROM pg_authid"))
    move(database, "", "1")
    assert "1" == cursor_of(database)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'x'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "DROP TABLE audit",
        "ALTER TABLE audit DISABLE TRIGGER ALL",
        "ALTER SEQUENCE audit_id_seq RESTART",
        "CREATE TABLE another (x int)",
    ],
)
def test_role_cannot_change_the_audit_trail(database, statement):
    """It may add rows and read them, nothing else."""
    with database.transaction("test") as connection:
        audit.record(connection, 7, "system:alerts", "alert.raised", "A1")
    with (
        pytest.raises(HaidangError, match=r"permission denied|must be owner"),
        database.transaction("test") as connection,
    ):
        connection.execute(text(statement))
    with database.reading() as connection:
        assert ["A1"] == connection.execute(select(tables.audit.c.subject)).scalars().all()


@pytest.mark.parametrize(
    ("expected", "grant"),
    [
        pytest.param("has rights", "GRANT UPDATE ON audit TO {role}", id="update"),
        pytest.param("has rights", "GRANT UPDATE (actor) ON audit TO {role}", id="one-column"),
        pytest.param("has rights", "GRANT DELETE ON audit TO PUBLIC", id="delete-for-all"),
        pytest.param("has rights", "GRANT TRUNCATE ON audit TO {role}", id="truncate"),
        pytest.param("owns the tables", "ALTER SCHEMA public OWNER TO {role}", id="schema"),
        pytest.param("owns the tables", "ALTER TABLE audit OWNER TO {role}", id="table"),
        pytest.param("owns the tables", "ALTER DATABASE {name} OWNER TO {role}", id="database"),
    ],
)
def test_role_that_could_change_the_audit_trail_is_refused(cluster, name, expected, grant):
    """Before it does anything at all."""
    cluster.run(grant.format(role=cluster.role, name=name), database=name)
    error = used(cluster.server(name))
    assert f"{cluster.role} {expected}" in str(error)
    assert not isinstance(error, Unavailable)


@pytest.mark.parametrize("role", ["owner", "superuser"])
def test_owner_and_superuser_are_refused(cluster, name, role):
    """The services need a role of their own."""
    role = {"owner": cluster.owner, "superuser": "postgres"}[role]
    assert f"{role} owns the tables or is a superuser" in str(used(cluster.server(name, role)))


def test_database_that_was_not_set_up_is_told_in_words(cluster, empty):
    """It says what to run, and works as soon as that was done: nothing is restarted."""
    with closing(open_postgresql(cluster.server(empty))) as database:
        with pytest.raises(HaidangError, match=r"tables are missing.*`haidang store init`"):
            check_postgresql(database)
        init_postgresql(cluster.server(empty, cluster.owner), cluster.role)
        check_postgresql(database)
        move(database, "", "1")


def test_setting_up_twice_changes_nothing(cluster, name, database):
    """What was stored stays, and rights that were given since are taken back."""
    move(database, "", "1")
    cluster.run(f"GRANT DELETE ON audit TO {cluster.role}", database=name)
    init_postgresql(cluster.server(name, cluster.owner), cluster.role)
    check_postgresql(database)
    assert "1" == cursor_of(database)


def test_other_schema_version_is_refused(cluster, name):
    """By the services and by init, with words what to do."""
    cluster.run("UPDATE meta SET value = '99'", database=name)
    assert "schema version 99, this Hải Đăng knows 1" in str(used(cluster.server(name)))
    with pytest.raises(HaidangError, match=r"schema version 99.*another database"):
        init_postgresql(cluster.server(name, cluster.owner), cluster.role)


@pytest.mark.parametrize(
    ("expected", "role"),
    [
        pytest.param('CREATE ROLE "thiếu" LOGIN PASSWORD', "thiếu", id="missing"),
        pytest.param("name another role", "postgres", id="superuser"),
        pytest.param("name another role", None, id="owner-itself"),
        pytest.param('CREATE ROLE "a""; DROP TABLE meta" LOGIN', 'a"; DROP TABLE meta', id="odd"),
    ],
)
def test_setting_up_for_a_role_that_will_not_do(cluster, empty, expected, role):
    """It says what to do, and leaves no tables."""
    with pytest.raises(HaidangError) as caught:
        init_postgresql(cluster.server(empty, cluster.owner), role or cluster.owner)
    assert expected in str(caught.value)
    assert [] == cluster.run("SELECT 1 FROM pg_class WHERE relname = 'meta'", database=empty)


def test_setting_up_as_somebody_else_is_refused(cluster, name, empty):
    """Only the owner can."""
    other = f"{cluster.template}_other"
    cluster.run(f"CREATE ROLE {other} LOGIN")
    try:
        for database in (name, empty):
            with pytest.raises(HaidangError, match=r"as the owner of the database"):
                init_postgresql(cluster.server(database, cluster.role), other)
    finally:
        cluster.run(f"DROP ROLE {other}")


def test_database_of_another_encoding_is_refused(cluster):
    """Vietnamese would not fit in it."""
    name = f"{cluster.template}_latin"
    cluster.run(
        f"CREATE DATABASE {name} OWNER {cluster.owner} TEMPLATE template0 ENCODING 'LATIN1' "
        "LOCALE 'C'"
    )
    try:
        with pytest.raises(HaidangError, match="encoding is LATIN1"):
            init_postgresql(cluster.server(name, cluster.owner), cluster.role)
    finally:
        cluster.run(f"DROP DATABASE {name}")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://haidang:geheim@db/haidang",
        "mysql://haidang@db/haidang",
        "postgresql://db/haidang",
        "postgresql://haidang@db",
        "postgresql://haidang@db:geheim/haidang",
        "geheim",
        "",
    ],
)
def test_url_that_is_none_is_refused_without_showing_it(url):
    """Somebody may have written a password into it."""
    with pytest.raises(HaidangError, match="postgresql://user@host:port/dbname") as caught:
        open_postgresql(Server(url))
    assert "geheim" not in str(caught.value)


def test_unknown_option_in_the_url_is_told(cluster, name):
    """It is no passing trouble."""
    place = f"{cluster.place(cluster.role, name)}?sslmod=require"
    assert "check the database's url" in str(used(Server(place)))


def test_password_is_never_shown():
    """Neither by the settings nor by the opened store."""
    server = Server("postgresql://haidang@db/haidang", SECRET)
    with closing(open_postgresql(server)) as database:
        assert SECRET not in f"{server!r} {database!r} {database.engine.url}"


def test_unknown_database_and_role_are_told(cluster, name):
    """With the statement that makes them."""
    assert "CREATE DATABASE" in str(used(cluster.server(f"{name}x")))
    assert "CREATE ROLE" in str(used(cluster.server(name, "thieu")))


def test_too_many_clients_is_a_passing_trouble(cluster, name):
    """Another program took all places: wait."""
    cluster.run(f"ALTER DATABASE {name} CONNECTION LIMIT 0")
    assert isinstance(used(cluster.server(name)), Unavailable)


def test_standby_is_a_passing_trouble(cluster, name, database):
    """After a failover the old primary takes no writes."""
    cluster.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with pytest.raises(Unavailable, match="read-only"):
        move(database, "", "1")


@pytest.fixture(scope="module")
def own():
    """A server of our own that asks for passwords and can be stopped, and its `haidang`."""
    with scratch() as folder:
        server = postgresql(folder / "postgresql", software("postgresql"))
        with running(server), psycopg.connect(server.url, autocommit=True) as connection:
            for role in ("owner", "haidang"):
                connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{SECRET}'")
            connection.execute("CREATE DATABASE haidang OWNER owner")
            (server.folder / "data/pg_hba.conf").write_text(HBA)
            connection.execute("SELECT pg_reload_conf()")
            connection.close()
            init_postgresql(door(server, "owner"), "haidang")
            yield server


def door(server, role="haidang", password=SECRET):
    """What the product is told of the server of our own."""
    place = server.url.partition("@")[2].replace("/postgres", "/haidang")
    return Server(f"postgresql://{role}@{place}", password, patience_secs=2)


@pytest.mark.parametrize(
    ("role", "password"),
    [
        pytest.param("haidang", "geheim", id="wrong-password"),
        pytest.param("haidang", "", id="no-password"),
        pytest.param("nobody", "geheim", id="unknown-role"),
    ],
)
def test_refused_login_is_told_without_the_password(own, role, password):
    """It does not get better by waiting, so it says what to check."""
    error = used(door(own, role, password))
    assert "check the user, its password file" in str(error)
    assert not isinstance(error, Unavailable)
    assert "geheim" not in f"{error} {error.__cause__}"


def test_stopped_and_killed_server_is_away_until_it_is_back(own):
    """The same opened store serves again, with everything that was committed."""
    with closing(open_postgresql(door(own))) as database:
        move(database, "", "1")
        for end in (own.stop, own.kill):
            end()
            with pytest.raises(Unavailable):
                cursor_of(database)
            own.start()
            assert "1" == cursor_of(database)


def test_server_that_accepts_and_says_nothing_is_away_within_the_patience(own):
    """Connecting does not wait for ever; as soon as the server goes on, so do we."""
    with closing(open_postgresql(door(own))) as database:
        own.pause()
        try:
            with pytest.raises(Unavailable):
                cursor_of(database)
        finally:
            own.resume()
        check_postgresql(database)
