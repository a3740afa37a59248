"""States and destinations that earlier versions wrote: today's program reads them and goes on.

tests/fixtures has a folder for each version that CHANGELOG.md says was released;
tools/write_fixture.py makes one.
"""

import contextlib
import gzip
import json
import os
import re
import sqlite3
import subprocess

import duckdb
import pytest
import read_back
from cassandra.concurrent import execute_concurrent
from conftest import REPOSITORY

pytestmark = pytest.mark.sanitized

FIXTURES = REPOSITORY / "tests/fixtures"
HEADINGS = re.findall(r"(?m)^## (.+)$", (REPOSITORY / "CHANGELOG.md").read_text())
# "0.1.0 - 2026-11-27"
RELEASED = [heading.split()[0] for heading in HEADINGS if heading != "[Unreleased]"]
ROWS = 3000  # of table readings


@pytest.fixture(params=RELEASED)
def fixture(request, session, cassandra):
    """The folder of a version and its keyspace, made again with the same tables and rows."""
    folder = FIXTURES / request.param
    keyspace = "fixture_" + request.param.replace(".", "_")
    session.execute(f"DROP KEYSPACE IF EXISTS {keyspace}", timeout=90)
    session.execute(
        f"CREATE KEYSPACE {keyspace} WITH replication ="
        f" {{'class': 'NetworkTopologyStrategy', '{cassandra['datacenter']}': 1}}"
    )
    statements = gzip.decompress((folder / "keyspace.cql.gz").read_bytes()).decode().splitlines()
    tables = [statement for statement in statements if statement.startswith("CREATE TABLE")]
    for table in tables:
        session.execute(table)
    inserts = [(statement, ()) for statement in statements if statement not in tables]
    execute_concurrent(session, inserts, concurrency=20)
    yield folder, keyspace
    session.execute(f"DROP KEYSPACE {keyspace}", timeout=90)


def sync(ringsync, configuration, to, tmp_path, *more, environment=None):
    """Each table's part of the summary, by name."""
    summary = tmp_path / "summary.json"
    done = ringsync.run(
        "sync", "--configuration", configuration, "--to", to, "--summary-json", summary, *more,
        env={**os.environ, **(environment or {})},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {table["name"]: table for table in json.loads(summary.read_text())["tables"]}


def unpack(folder, name, tmp_path):
    (tmp_path / name).write_bytes(gzip.decompress((folder / f"{name}.gz").read_bytes()))
    return tmp_path / name


class DuckdbLeft:
    """A file as the version left it, or a new one where `folder` is none."""

    name, state = "whole.db", "whole.state.json"

    def __init__(self, folder, tmp_path, server):
        self._path = unpack(folder, self.name, tmp_path) if folder else tmp_path / "fresh.db"
        self.to, self.environment = f"duckdb:{self._path}", {}

    def rows(self, keyspace, table):
        with duckdb.connect(str(self._path), read_only=True) as connection:
            shown = f'SELECT * EXCLUDE (_fivetran_synced) FROM "{keyspace}"."{table}" ORDER BY ALL'
            return [repr(row) for row in connection.execute(shown).fetchall()]


class SqliteLeft:
    name, state = "whole_sqlite.sqlite", "whole_sqlite.state.json"

    def __init__(self, folder, tmp_path, server):
        self._path = unpack(folder, self.name, tmp_path) if folder else tmp_path / "fresh.sqlite"
        self.to, self.environment = f"sqlite:{self._path}", {}

    def rows(self, keyspace, table):
        with contextlib.closing(sqlite3.connect(self._path)) as connection:
            return without_synced(connection.execute(f'SELECT * FROM "{table}"'))


class PostgresqlLeft:
    name, state = "whole_postgresql.sql", "whole_postgresql.state.json"

    def __init__(self, folder, tmp_path, server):
        self._database = read_back.PostgresqlDatabase(server)
        self.to, self.environment = self._database.argument, self._database.environment
        if folder:
            self._restore(unpack(folder, self.name, tmp_path))

    def _restore(self, dump):
        command = ["psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.to, "-f", dump]
        environment = {**os.environ, **self.environment}
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def rows(self, keyspace, table):
        with self._database.connect() as connection:
            return without_synced(connection.execute(f'SELECT * FROM "{keyspace}"."{table}"'))


def without_synced(cursor):
    synced = [column[0] for column in cursor.description].index("_fivetran_synced")
    return sorted(repr(row[:synced] + row[synced + 1 :]) for row in cursor)


DESTINATIONS = [DuckdbLeft, SqliteLeft, PostgresqlLeft]
INTERRUPTED = ("interrupted.db", "interrupted.state.json")


def test_each_version_released_and_no_other_has_a_fixture_of_every_destination_and_state():
    kept = [*INTERRUPTED, "keyspace.cql"]
    for destination in DESTINATIONS:
        kept += [destination.name, destination.state]
    files = {"version.txt", *(f"{name}.gz" for name in kept)}
    found = {
        folder.name: {file.name for file in folder.iterdir()}
        for folder in FIXTURES.iterdir()
        if folder.is_dir()
    }
    assert len(RELEASED) > 0
    assert found == {version: files for version in RELEASED}
    for version in RELEASED:
        assert (FIXTURES / version / "version.txt").read_text().split()[1] == version


@pytest.mark.timeout(300)
@pytest.mark.parametrize("destination", DESTINATIONS)
def test_a_sync_goes_on_incrementally_from_what_an_earlier_version_left(
    ringsync, config, fixture, session, tmp_path, postgresql_server, destination
):
    folder, keyspace = fixture
    session.execute(
        f"INSERT INTO {keyspace}.readings (sensor, at, note, updated_at)"
        " VALUES (1, 2, 'changed', toTimestamp(now()))"
    )
    configuration = config(keyspace, overlap_seconds="0")
    left = destination(folder, tmp_path, postgresql_server)
    state = unpack(folder, left.state, tmp_path)
    tables = sync(
        ringsync, configuration, left.to, tmp_path, "--state", state, environment=left.environment
    )
    readings = tables["readings"]
    assert (readings["run"], readings["rows_sent"]) == ("incremental", 1)
    assert {name: table["run"] for name, table in tables.items()} == {
        "readings": "incremental",
        "OddNames": "incremental",
        "everything": "incremental",
        "cities": "full",
    }
    # Every cell is as if today's program had read it all.
    fresh = destination(None, tmp_path, postgresql_server)
    sync(ringsync, configuration, fresh.to, tmp_path, environment=fresh.environment)
    for table, count in (("readings", ROWS), ("OddNames", 1), ("everything", 2), ("cities", 20)):
        found = left.rows(keyspace, table)
        assert len(found) == count
        assert found == fresh.rows(keyspace, table)


@pytest.mark.timeout(300)
def test_an_interrupted_sync_of_an_earlier_version_is_resumed_where_it_was(
    ringsync, config, fixture, tmp_path
):
    folder, keyspace = fixture
    configuration = config(keyspace, tables="readings")
    database, state = (unpack(folder, name, tmp_path) for name in INTERRUPTED)
    to = f"duckdb:{database}"
    readings = sync(ringsync, configuration, to, tmp_path, "--state", state)["readings"]
    assert readings["resumed"]
    assert 0 < readings["rows_sent"] < ROWS
    with duckdb.connect(str(database), read_only=True) as connection:
        notes = connection.execute(f"SELECT count(DISTINCT note) FROM {keyspace}.readings")
        assert notes.fetchone() == (ROWS,)
