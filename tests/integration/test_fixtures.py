"""States and destinations that earlier versions wrote: today's program reads them and goes on.

tests/fixtures has a folder a version; tools/write_fixture.py makes one.
"""

import gzip
import json
import pathlib

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


def go_on(ringsync, configuration, folder, name, tmp_path):
    """Syncs into a copy of the fixture; each table's part of the summary, by name."""
    for file in folder.glob(f"{name}.*.gz"):
        (tmp_path / file.stem).write_bytes(gzip.decompress(file.read_bytes()))
    summary = tmp_path / "summary.json"
    done = ringsync.run(
        "sync", "--configuration", configuration, "--to", f"duckdb:{tmp_path / name}.db",
        "--state", tmp_path / f"{name}.state.json", "--summary-json", summary,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {table["name"]: table for table in json.loads(summary.read_text())["tables"]}


def test_there_is_a_fixture_of_each_version_released():
    assert "0.1.0" in VERSIONS


@pytest.mark.timeout(300)
def test_a_sync_goes_on_incrementally_from_what_an_earlier_version_left(
    ringsync, config, fixture, session, tmp_path
):
    folder, keyspace = fixture
    session.execute(
        f"INSERT INTO {keyspace}.readings (sensor, at, note, updated_at)"
        " VALUES (1, 2, 'changed', toTimestamp(now()))"
    )
    tables = go_on(ringsync, config(keyspace, overlap_seconds="0"), folder, "whole", tmp_path)
    readings = tables["readings"]
    assert (readings["run"], readings["rows_sent"]) == ("incremental", 1)
    assert {name: table["run"] for name, table in tables.items()} == {
        "readings": "incremental",
        "OddNames": "incremental",
        "everything": "incremental",
        "cities": "full",
    }
    with duckdb.connect(str(tmp_path / "whole.db"), read_only=True) as connection:
        counts = connection.execute(
            f"SELECT count(*), count(*) FILTER (note = 'changed') FROM {keyspace}.readings"
        ).fetchone()
        everything = connection.execute(f"SELECT * FROM {keyspace}.everything ORDER BY id")
        cells = dict(zip([column[0] for column in everything.description], everything.fetchone()))
    assert counts == (ROWS, 1)
    assert cells["c_text"] == "Zürich" and None not in cells.values()


@pytest.mark.timeout(300)
def test_an_interrupted_sync_of_an_earlier_version_is_resumed_where_it_was(
    ringsync, config, fixture, tmp_path
):
    folder, keyspace = fixture
    configuration = config(keyspace, tables="readings")
    readings = go_on(ringsync, configuration, folder, "interrupted", tmp_path)["readings"]
    assert readings["resumed"]
    assert 0 < readings["rows_sent"] < ROWS
    with duckdb.connect(str(tmp_path / "interrupted.db"), read_only=True) as connection:
        notes = connection.execute(f"SELECT count(DISTINCT note) FROM {keyspace}.readings")
        assert notes.fetchone() == (ROWS,)
