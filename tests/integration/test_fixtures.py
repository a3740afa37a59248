"""States and destinations that earlier versions wrote: today's program reads them and goes on.

tests/fixtures has a folder a version; tools/write_fixture.py makes one.
"""

import contextlib
import gzip
import json
import pathlib
import sqlite3

import duckdb
import pytest
from cassandra.concurrent import execute_concurrent

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "fixtures"
VERSIONS = sorted(folder.name for folder in FIXTURES.iterdir() if folder.is_dir())
ROWS = 3000  # of table readings


@pytest.fixture(params=VERSIONS)
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


def go_on(ringsync, configuration, folder, name, to, tmp_path):
    """Syncs into a copy of the fixture; each table's part of the summary, by name."""
    for file in folder.glob(f"{name}.*.gz"):
        (tmp_path / file.stem).write_bytes(gzip.decompress(file.read_bytes()))
    return sync(ringsync, configuration, to, tmp_path, "--state", tmp_path / f"{name}.state.json")


def sync(ringsync, configuration, to, tmp_path, *more):
    summary = tmp_path / "summary.json"
    done = ringsync.run(
        "sync", "--configuration", configuration, "--to", to, "--summary-json", summary, *more
    )
    assert done.returncode == 0, done.stderr
    return {table["name"]: table for table in json.loads(summary.read_text())["tables"]}


def duckdb_rows(path, keyspace, table):
    with duckdb.connect(str(path), read_only=True) as connection:
        shown = f'SELECT * EXCLUDE (_fivetran_synced) FROM "{keyspace}"."{table}" ORDER BY ALL'
        return [repr(row) for row in connection.execute(shown).fetchall()]


def sqlite_rows(path, keyspace, table):
    del keyspace  # a file holds one
    with contextlib.closing(sqlite3.connect(path)) as connection:
        cursor = connection.execute(f'SELECT * FROM "{table}"')
        synced = [column[0] for column in cursor.description].index("_fivetran_synced")
        return sorted(repr(row[:synced] + row[synced + 1 :]) for row in cursor)


DESTINATIONS = {
    "duckdb": ("whole", "duckdb", "whole.db", duckdb_rows),
    "sqlite": ("whole_sqlite", "sqlite", "whole_sqlite.sqlite", sqlite_rows),
}


def test_there_is_a_fixture_of_each_version_released():
    assert "0.1.0" in VERSIONS


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", DESTINATIONS)
def test_a_sync_goes_on_incrementally_from_what_an_earlier_version_left(
    ringsync, config, fixture, session, tmp_path, kind
):
    folder, keyspace = fixture
    name, scheme, file, rows_of = DESTINATIONS[kind]
    session.execute(
        f"INSERT INTO {keyspace}.readings (sensor, at, note, updated_at)"
        " VALUES (1, 2, 'changed', toTimestamp(now()))"
    )
    configuration = config(keyspace, overlap_seconds="0")
    to = f"{scheme}:{tmp_path / file}"
    tables = go_on(ringsync, configuration, folder, name, to, tmp_path)
    readings = tables["readings"]
    assert (readings["run"], readings["rows_sent"]) == ("incremental", 1)
    assert {name: table["run"] for name, table in tables.items()} == {
        "readings": "incremental",
        "OddNames": "incremental",
        "everything": "incremental",
        "cities": "full",
    }
    # Every cell is as if today's program had read it all.
    fresh = tmp_path / "fresh"
    sync(ringsync, configuration, f"{scheme}:{fresh}", tmp_path)
    for table, count in (("readings", ROWS), ("OddNames", 1), ("everything", 2), ("cities", 20)):
        found = rows_of(tmp_path / file, keyspace, table)
        assert len(found) == count
        assert found == rows_of(fresh, keyspace, table)


@pytest.mark.timeout(300)
def test_an_interrupted_sync_of_an_earlier_version_is_resumed_where_it_was(
    ringsync, config, fixture, tmp_path
):
    folder, keyspace = fixture
    configuration = config(keyspace, tables="readings")
    to = f"duckdb:{tmp_path / 'interrupted.db'}"
    readings = go_on(ringsync, configuration, folder, "interrupted", to, tmp_path)["readings"]
    assert readings["resumed"]
    assert 0 < readings["rows_sent"] < ROWS
    with duckdb.connect(str(tmp_path / "interrupted.db"), read_only=True) as connection:
        notes = connection.execute(f"SELECT count(DISTINCT note) FROM {keyspace}.readings")
        assert notes.fetchone() == (ROWS,)
