"""Rows that are large: memory stays bounded, and the destination takes them."""

import hashlib
import json
import os

import duckdb
import pytest
from cassandra.concurrent import execute_concurrent_with_args

CELLS = 300
CELL_BYTES = 1 << 20  # together more than DuckDB's memory limit for ordinary rows
PEAK_MIB_MAX = 64


@pytest.fixture
def cells(keyspace, session):
    """A table of large random cells; id -> SHA-256."""
    session.execute(f"CREATE TABLE {keyspace}.cells (id int PRIMARY KEY, data blob)")
    insert = session.prepare(f"INSERT INTO {keyspace}.cells (id, data) VALUES (?, ?)")
    hashes = {}
    for first in range(0, CELLS, 50):
        rows = [(cell, os.urandom(CELL_BYTES)) for cell in range(first, first + 50)]
        hashes.update({cell: hashlib.sha256(data).hexdigest() for cell, data in rows})
        execute_concurrent_with_args(session, insert, rows, concurrency=4)
    return hashes


@pytest.mark.timeout(300)
def test_large_cells_arrive_whole_and_reading_them_takes_little_memory(
    ringsync, config, keyspace, cells, tmp_path, measured
):
    configuration, summary = config(keyspace), tmp_path / "summary.json"
    arguments = ["sync", "--configuration", configuration, "--summary-json", summary, "--to"]
    done = ringsync.run(*arguments, "null:")
    assert done.returncode == 0, done.stderr
    peak_kib = json.loads(summary.read_text())["process"]["peak_kib"]
    measured(f"{CELLS} cells of 1 MiB into null:, peak {peak_kib} KiB")
    assert peak_kib < PEAK_MIB_MAX * 1024

    database = tmp_path / "warehouse.db"
    done = ringsync.run(*arguments, f"duckdb:{database}")
    assert done.returncode == 0, done.stderr
    with duckdb.connect(str(database), read_only=True) as connection:
        found = dict(
            connection.execute(f'SELECT id, sha256(data) FROM "{keyspace}".cells').fetchall()
        )
    assert found == cells


@pytest.mark.timeout(300)
def test_one_partition_of_many_rows_and_a_table_of_many_columns(
    ringsync, config, keyspace, session, tmp_path
):
    columns = ", ".join(f"c{number} text" for number in range(200))
    session.execute(f"CREATE TABLE {keyspace}.wide (id int PRIMARY KEY, {columns})")
    names = ", ".join(f"c{number}" for number in range(200))
    marks = ", ".join("?" * 201)
    insert = session.prepare(f"INSERT INTO {keyspace}.wide (id, {names}) VALUES ({marks})")
    rows = [(row, *(f"{row}.{number}" for number in range(200))) for row in range(1000)]
    execute_concurrent_with_args(session, insert, rows, concurrency=8)
    session.execute(f"CREATE TABLE {keyspace}.events (day int, at int, PRIMARY KEY (day, at))")
    insert = session.prepare(f"INSERT INTO {keyspace}.events (day, at) VALUES (1, ?)")
    events = [(at,) for at in range(30_000)]
    execute_concurrent_with_args(session, insert, events, concurrency=16)

    database = tmp_path / "warehouse.db"
    done = ringsync.run("sync", "--configuration", config(keyspace), "--to", f"duckdb:{database}")
    assert done.returncode == 0, done.stderr
    with duckdb.connect(str(database), read_only=True) as connection:
        wide = connection.execute(f'SELECT id, {names} FROM "{keyspace}".wide ORDER BY id')
        assert wide.fetchall() == rows
        counted = connection.execute(
            f'SELECT count(*), count(DISTINCT "at"), max("at") FROM "{keyspace}".events'
        ).fetchone()
    assert counted == (30_000, 30_000, 29_999)
