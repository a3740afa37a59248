"""Secrets leave the program nowhere: not in its log at its loudest, its state, its summary, its
destinations or the list of processes; row data and states are in no message. The watch of
planted.py looks at the output and the files of every test; here is what it must be led to."""

import contextlib
import json
import pathlib
import secrets
import sqlite3

import cql_session
import duckdb
import grpc
import planted
import pytest
import read_back
from fake_destination import FakeDestination
from fivetran_client import Client, Server

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def shop(session, keyspace):
    session.execute(
        f"CREATE TABLE {keyspace}.orders (id int PRIMARY KEY, note text, at date, big varint)"
    )
    session.execute(f"INSERT INTO {keyspace}.orders (id, note) VALUES (1, 'a')")
    return keyspace


def everything_in(destination) -> str:
    """Every value of every table there, the state's among them, as text."""
    if isinstance(destination, read_back.SqliteFile):
        connection = sqlite3.connect(destination.argument.removeprefix("sqlite:"))
        dump = "\n".join(connection.iterdump())
        connection.close()
        return dump
    if isinstance(destination, read_back.DuckdbFile):
        with duckdb.connect(destination.argument.removeprefix("duckdb:")) as connection:
            listed = "SELECT schema_name, table_name FROM duckdb_tables()"
            return _rows_of(connection, connection.execute(listed).fetchall())
    with destination.connect() as connection:
        listed = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname !~ '^(pg_|info)'"
        return _rows_of(connection, connection.execute(listed).fetchall())


def _rows_of(connection, tables) -> str:
    assert len(tables) >= 2, "the table and the state"
    quoted = cql_session.quoted
    return "\n".join(
        str(connection.execute(f"SELECT * FROM {quoted(schema)}.{quoted(table)}").fetchall())
        for schema, table in tables
    )


@pytest.mark.sanitized
def test_a_sync_at_its_loudest_leaves_no_secret_anywhere(ringsync, config, shop, every_destination):
    done = ringsync.run(
        "sync", "--configuration", config(shop), "--to", every_destination.argument,
        "--log-level", "debug", "--state", "state.json", "--summary-json", "summary.json",
        env=every_destination.environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "DEBUG" in done.stderr.upper(), "it was told to say much"
    content = everything_in(every_destination)
    assert shop in content, "the state is among what was looked at"
    planted.WATCH.note_destination(content, "the destination")


@pytest.mark.sanitized
def test_secrets_from_the_environment_are_not_on_the_command_line(
    ringsync, config, shop, cassandra, postgresql_server
):
    destination = read_back.PostgresqlDatabase(postgresql_server)
    server = postgresql_server
    address = (
        f"postgresql://{server['username']}:${{PG_SECRET}}@{server['host']}:{server['port']}"
        f"/{destination.name}"
    )
    process = ringsync.start(
        "sync", "--configuration", config(shop, password="${DB_SECRET}"), "--to", address,
        "--every", "1h",
        env={"DB_SECRET": cassandra["password"], "PG_SECRET": server["password"]},
    )  # fmt: skip
    try:
        for line in process.stderr:
            if "orders" in line and "done" in line:
                break
        else:
            pytest.fail("no sync was done")
        planted.WATCH.note_command_line(process.pid, [])
        for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError):  # the thread has ended meanwhile
                planted.WATCH.note((task / "comm").read_text(), f"the name of thread {task.name}")
    finally:
        process.terminate()
        process.communicate(timeout=60)


@pytest.mark.sanitized
def test_no_row_data_is_in_an_error_of_a_row_that_cannot_be_written(
    ringsync, config, session, shop
):
    data = planted.WATCH.plant_data(f"row data {secrets.token_hex(8)}", "row data")
    number = planted.WATCH.plant_data("7" * 60, "a number of a row")
    insert = f"INSERT INTO {shop}.orders (id, note, big) VALUES (2, '{data}', {number})"
    session.execute(insert)
    configuration = config(shop, decimal_types="orders.big=DECIMAL(38,0)")
    for more in ([], ["--log-level", "debug"], ["--log-format", "json"]):
        done = ringsync.run(
            "sync", "--configuration", configuration, "--to", "duckdb:w.db",
            "--summary-json", "summary.json", *more,
        )  # fmt: skip
        assert done.returncode == 1 and "unrepresentable" in done.stderr, done.stderr
        # What programs read of it is a message too.
        planted.WATCH.note((ringsync.folder / "summary.json").read_text(), "the summary")


@pytest.mark.sanitized
def test_no_content_of_a_state_is_in_an_error(
    ringsync, config, shop, session, fivetran_configuration
):
    content = planted.WATCH.plant_data(f"state {secrets.token_hex(8)}", "a state's content")
    session.execute(f"ALTER TABLE {shop}.orders ADD updated_at timestamp")
    states = [
        f'{{"{content}": 1',
        json.dumps({"ringsync": 1, "source": content, "tables": {}}),
        json.dumps({"ringsync": 1, "source": {"cluster": 5}, "tables": {"orders": content}}),
        json.dumps({"orders": {"last_updated_at": content}}),
        json.dumps([content]),
    ]
    with Server(ringsync.program, ringsync.folder) as server:
        for state in states:
            (ringsync.folder / "import.json").write_text(state)
            done = ringsync.run(
                "sync", "--configuration", config(shop), "--to", "duckdb:w.db",
                "--import-state", "import.json",
            )  # fmt: skip
            assert done.returncode == 5, done.stderr
            refused = refusal_by(server, fivetran_configuration(shop), state)
            assert "state" in refused, refused
            planted.WATCH.note(refused, "the answer to Update")


def refusal_by(server, configuration, state) -> str:
    destination = FakeDestination()
    with Client(server.port) as client:
        try:
            destination.apply_all(client.update(configuration, state))
        except grpc.RpcError as failed:
            return failed.details()
    assert destination.tasks, "the state was taken"
    return destination.tasks[0]
