"""The least that a role needs (docs/privileges.md): SELECT on the keyspace, nothing else, of a user
of PostgreSQL that it may create, and of one of the machine to write what the command line names.
What is missing is told by name, and costs only what it is needed for."""

import contextlib
import json
import os
import pathlib
import secrets
import shlex
import shutil
import socket
import stat
import time

import duckdb
import planted
import psycopg
import pytest
import read_back
from conftest import Ringsync
from fake_destination import FakeDestination
from fivetran_client import Client, Server
from sockets import listening_ports

FAILED, SOURCE, DESTINATION = 1, 3, 4

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def shop(session, keyspace):
    """Two tables, one with a cursor."""
    session.execute(
        f"CREATE TABLE {keyspace}.orders (id int PRIMARY KEY, note text, updated_at timestamp)"
    )
    session.execute(f"CREATE TABLE {keyspace}.items (id int PRIMARY KEY, note text)")
    for row in range(20):
        session.execute(
            f"INSERT INTO {keyspace}.orders (id, note, updated_at)"
            f" VALUES ({row}, 'a', toTimestamp(now()))"
        )
        session.execute(f"INSERT INTO {keyspace}.items (id, note) VALUES ({row}, 'b')")
    return keyspace


@pytest.fixture
def role(session, shop):
    """A log-in that may do nothing yet: keys of a configuration."""
    name = f"reader_{shop}"
    password = planted.WATCH.plant(f"Pw-{secrets.token_hex(8)}", "a role's password")
    session.execute(f"CREATE ROLE {name} WITH LOGIN = true AND PASSWORD = '{password}'")
    yield {"username": name, "password": password}
    session.execute(f"DROP ROLE IF EXISTS {name}")


def tables_of(path):
    return {table["name"]: table for table in json.loads(path.read_text())["tables"]}


@pytest.mark.every_version
def test_select_on_the_keyspace_is_all_that_every_command_and_sync_needs(
    ringsync, config, session, shop, role, tmp_path
):
    session.execute(f"GRANT SELECT ON KEYSPACE {shop} TO {role['username']}")
    configuration = config(shop, **role)
    for command in (["check"], ["discover"], ["plan", "--to", "duckdb:w.db"]):
        done = ringsync.run(*command, "--configuration", configuration)
        assert done.returncode == 0, done.stderr
    for run in ("first", "incremental"):
        done = ringsync.run(
            "sync", "--configuration", configuration, "--to", "duckdb:w.db",
            "--summary-json", "summary.json",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "WARN" not in done.stderr.upper(), done.stderr
        assert tables_of(tmp_path / "summary.json")["orders"]["run"] == run
    with duckdb.connect(str(tmp_path / "w.db"), read_only=True) as connection:
        for table in ("orders", "items"):
            count = connection.execute(f"SELECT count(*) FROM {shop}.{table}").fetchone()
            assert count == (20,)


@pytest.mark.every_version
def test_a_table_that_the_role_may_not_read_fails_by_name_and_the_others_are_done(
    ringsync, config, session, shop, role, tmp_path
):
    session.execute(f"GRANT SELECT ON TABLE {shop}.orders TO {role['username']}")
    done = ringsync.run(
        "sync", "--configuration", config(shop, **role), "--to", "duckdb:w.db",
        "--summary-json", "summary.json",
    )  # fmt: skip
    assert done.returncode == FAILED, done.stderr
    assert "error[unauthorized]" in done.stderr and "table items: User" in done.stderr, done.stderr
    tables = tables_of(tmp_path / "summary.json")
    assert tables["orders"]["rows_sent"] == 20
    assert tables["orders"]["outcome"] == "done" and tables["items"]["outcome"] != "done"
    left_out = config(shop, exclude_tables="items", **role)
    assert ringsync.run("sync", "--configuration", left_out, "--to", "null:").returncode == 0


def test_a_permission_lost_between_syncs_fails_its_table_which_goes_on_once_it_is_back(
    ringsync, config, session, shop, role, tmp_path
):
    name = role["username"]
    session.execute(f"GRANT SELECT ON TABLE {shop}.orders TO {name}")
    session.execute(f"GRANT SELECT ON TABLE {shop}.items TO {name}")
    arguments = ["sync", "--configuration", config(shop, **role), "--to", "duckdb:w.db"]
    assert ringsync.run(*arguments).returncode == 0
    session.execute(f"REVOKE SELECT ON TABLE {shop}.items FROM {name}")
    lost = once_known(ringsync, arguments, FAILED)
    assert "error[unauthorized]" in lost.stderr and "table items: User" in lost.stderr, lost.stderr
    assert "table orders: User" not in lost.stderr
    with duckdb.connect(str(tmp_path / "w.db"), read_only=True) as connection:
        live = f"SELECT count(*) FROM {shop}.items WHERE NOT _fivetran_deleted"
        assert connection.execute(live).fetchone() == (20,), "nothing is taken for deleted"
    session.execute(f"GRANT SELECT ON TABLE {shop}.items TO {name}")
    once_known(ringsync, arguments, 0)


def once_known(ringsync, arguments, exit_code):
    """The sync that ends so. Servers remember permissions for two seconds or more, those that are
    missing too: it is tried again until then."""
    deadline = time.monotonic() + 60
    while (done := ringsync.run(*arguments)).returncode != exit_code:
        assert done.returncode in (0, FAILED), done.stderr
        assert time.monotonic() < deadline, f"ends with {done.returncode} still"
    return done


def test_fivetrans_user_is_asked_for_the_permission_by_the_tables_name(
    fivetran, fivetran_configuration, session, shop, role
):
    session.execute(f"GRANT SELECT ON TABLE {shop}.orders TO {role['username']}")
    configuration = fivetran_configuration(shop, **role)
    destination = FakeDestination()
    destination.apply_schema(fivetran.schema(configuration))
    destination.apply_all(fivetran.update(configuration))
    (task,) = destination.tasks
    assert "items" in task and "GRANT SELECT" in task
    assert len(destination.tables["orders"].live()) == 20


def test_a_role_without_any_permission_is_told_what_to_grant(ringsync, config, shop, role):
    done = ringsync.run("sync", "--configuration", config(shop, **role), "--to", "null:")
    assert done.returncode == SOURCE, done.stderr
    assert "error[unauthorized]" in done.stderr and role["username"] in done.stderr
    assert "table orders: User" in done.stderr and "table items: User" in done.stderr


@pytest.fixture
def database(postgresql_server):
    """A database of a server, and a user of it that may do nothing yet."""
    made = read_back.PostgresqlDatabase(postgresql_server)
    user = f"loader_{made.name}"
    password = planted.WATCH.plant(f"Pw-{secrets.token_hex(8)}", "a database user's password")
    with made.connect() as connection:
        connection.execute(f"CREATE ROLE {user} LOGIN PASSWORD '{password}'")
    address = made.argument.replace(f"{postgresql_server['username']}@", f"{user}@")
    yield made, user, ["--to", address], {"PGPASSWORD": password}
    with made.connect() as connection:
        connection.execute(f"DROP OWNED BY {user}")
        connection.execute(f"DROP ROLE {user}")


def test_a_user_who_may_create_in_the_database_is_all_that_postgresql_needs(
    ringsync, config, shop, database
):
    made, user, to, environment = database
    arguments = ["sync", "--configuration", config(shop), *to]
    refused = ringsync.run(*arguments, env=environment)
    assert refused.returncode == DESTINATION, refused.stderr
    assert "error[destination_auth]" in refused.stderr
    with made.connect() as connection:
        connection.execute(f"GRANT CREATE ON DATABASE {made.name} TO {user}")
    for _ in range(2):
        done = ringsync.run(*arguments, env=environment)
        assert done.returncode == 0, done.stderr
    with made.connect() as connection:
        assert connection.execute(f"SELECT count(*) FROM {shop}.items").fetchone() == (20,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"SET ROLE {user}")
            connection.execute("SELECT * FROM pg_authid")


@pytest.fixture
def ordinary(ringsync, tmp_path):
    """The program as a user of the machine runs it who has no rights of root: what a file's mode
    forbids is forbidden to it, also where the tests run as root."""
    if os.getuid() != 0:
        return ringsync
    setpriv = shutil.which("setpriv")
    assert setpriv, "tests that run as root need setpriv (util-linux)"
    program = tmp_path / "as_an_ordinary_user"
    without_rights = f"{setpriv} --bounding-set=-all --inh-caps=-all"
    program.write_text(
        f'#!/bin/sh\nexec {without_rights} {shlex.quote(str(ringsync.program))} "$@"\n'
    )
    program.chmod(0o755)
    return Ringsync(program, tmp_path)


@contextlib.contextmanager
def only_readable(*paths: pathlib.Path):
    """Nobody without rights of root can write them, within the block."""
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in paths}
    try:
        for path, mode in modes.items():
            path.chmod(mode & ~0o222)
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


FILES = {"duckdb": "warehouse.db", "sqlite": "warehouse.sqlite"}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_needs_that_it_and_its_folder_may_be_written(ordinary, config, shop, tmp_path, kind):
    folder = tmp_path / "folder"
    folder.mkdir()
    file = folder / FILES[kind]
    arguments = ["sync", "--configuration", config(shop), "--to", f"{kind}:{file}"]

    def expect_refused():
        refused = ordinary.run(*arguments)
        assert refused.returncode == DESTINATION, refused.stderr
        assert "error[destination]" in refused.stderr and str(file) in refused.stderr

    with only_readable(folder):
        expect_refused()
        assert not file.exists()
    assert ordinary.run(*arguments).returncode == 0
    with only_readable(file):
        expect_refused()
    with only_readable(folder):
        expect_refused()
    assert ordinary.run(*arguments).returncode == 0
    assert [each.name for each in folder.iterdir()] == [file.name], "a journal is gone by then"


def test_listening_ports_are_seen():
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert server.getsockname()[1] in listening_ports(os.getpid())


@pytest.mark.parametrize("kind", FILES)
def test_an_ordinary_user_writes_what_the_command_line_names_and_nothing_else(
    ordinary, config, shop, tmp_path, kind
):
    """Nothing else can be written: neither the current folder, nor home, nor that of what is
    temporary; and while it waits for its next round it listens nowhere."""
    folders = {name: tmp_path / name for name in ("here", "home", "temporary", "named")}
    for folder in folders.values():
        folder.mkdir()
    named = folders["named"]
    others = [folder for name, folder in folders.items() if name != "named"]
    with only_readable(*others):
        process = ordinary.start(
            "sync", "--configuration", config(shop), "--to", f"{kind}:{named / FILES[kind]}",
            "--state", named / "state.json", "--summary-json", named / "summary.json",
            "--every", "1h",
            cwd=folders["here"], env={"HOME": str(folders["home"]),
                                      "TMPDIR": str(folders["temporary"])},
        )  # fmt: skip
        try:
            deadline = time.monotonic() + 60
            while not (named / "summary.json").exists():
                assert process.poll() is None, process.stderr.read()
                assert time.monotonic() < deadline, "no sync was done"
                time.sleep(0.05)
            assert listening_ports(process.pid) == set()
        finally:
            process.terminate()
            _, log = process.communicate(timeout=60)
    # It may not have closed its files yet when it was told to end, and then closes them first.
    assert process.returncode == 0, log
    assert {table["outcome"] for table in tables_of(named / "summary.json").values()} == {"done"}
    assert {file.name for file in named.iterdir()} == {FILES[kind], "state.json", "summary.json"}
    assert not any(list(folder.iterdir()) for folder in others)


def test_serve_as_an_ordinary_user_listens_on_its_port_alone_and_writes_nothing(
    ordinary, fivetran_configuration, shop, tmp_path
):
    folder = tmp_path / "here"
    folder.mkdir()
    surroundings = {"HOME": str(folder), "TMPDIR": str(folder)}
    with (
        only_readable(folder),
        Server(ordinary.program, folder, env=surroundings) as server,
        Client(server.port) as client,
    ):
        destination = FakeDestination()
        client.sync(destination, fivetran_configuration(shop))
        assert len(destination.tables["items"].live()) == 20
        assert listening_ports(server.process.pid) == {server.port}
        assert server.stop() == 0
    assert list(folder.iterdir()) == []
