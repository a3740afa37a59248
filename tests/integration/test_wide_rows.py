"""Rows that are large: memory stays bounded, and the destination takes them."""

import hashlib
import json
import os
import signal
import time

import cql_session
import duckdb
import pytest
from cassandra.concurrent import execute_concurrent, execute_concurrent_with_args
from cassandra.query import BatchStatement, BatchType
from fake_destination import FakeDestination

CELLS = 300
CELL_BYTES = 1 << 20  # together more than DuckDB's memory limit for ordinary rows
PEAK_MIB_MAX = 64
HUGE_CELLS, HUGE_BYTES = 20, 10_000_000
HUGE_PEAK_MIB_MAX = 512
HUGE_IN_DUCKDB_PEAK_MIB_MAX = 1100  # which keeps what it is about to write
COLUMNS = 1000
PARTITION_ROWS = int(os.environ.get("RINGSYNC_TEST_HOSTILE_ROWS", "100000"))


@pytest.fixture
def cells(keyspace, session):
    """A table of large random cells; id -> SHA-256."""
    session.execute(f"CREATE TABLE {keyspace}.cells (id int PRIMARY KEY, data blob)")
    insert = session.prepare(f"INSERT INTO {keyspace}.cells (id, data) VALUES (?, ?)")
    hashes = {}
    for first in range(0, CELLS, 50):
        rows = [(cell, os.urandom(CELL_BYTES)) for cell in range(first, first + 50)]
        hashes.update({cell: hashlib.sha256(data).hexdigest() for cell, data in rows})
        cql_session.insert_large(session, insert, rows)
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
def test_cells_of_ten_megabytes_arrive_whole_in_bounded_memory(
    ringsync, config, keyspace, session, fivetran, fivetran_configuration, serve, tmp_path, measured
):
    session.execute(f"CREATE TABLE {keyspace}.cells (id int PRIMARY KEY, data blob)")
    insert = session.prepare(f"INSERT INTO {keyspace}.cells (id, data) VALUES (?, ?)")
    hashes = {}
    for cell in range(HUGE_CELLS):
        data = os.urandom(HUGE_BYTES)
        hashes[cell] = hashlib.sha256(data).hexdigest()
        session.execute(insert, (cell, data))
    database, summary = tmp_path / "warehouse.db", tmp_path / "summary.json"
    peaks_mib = {}
    for title, destination in (("null", "null:"), ("DuckDB", f"duckdb:{database}")):
        done = ringsync.run(
            "sync", "--configuration", config(keyspace), "--to", destination,
            "--summary-json", summary,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        peaks_mib[title] = json.loads(summary.read_text())["process"]["peak_kib"] // 1024
    with duckdb.connect(str(database), read_only=True) as connection:
        sql = f'SELECT id, sha256(data) FROM "{keyspace}".cells'
        assert dict(connection.execute(sql).fetchall()) == hashes

    destination = FakeDestination()
    fivetran.sync(destination, fivetran_configuration(keyspace, type_mapping="lossless"))
    rows = destination.tables["cells"].live().values()
    assert {row["id"]: hashlib.sha256(row["data"]).hexdigest() for row in rows} == hashes
    peaks_mib["serve"] = serve.usage().peak_kib // 1024
    measured(f"{HUGE_CELLS} cells of 10 MB, peak MiB: {peaks_mib}")
    assert peaks_mib["null"] < HUGE_PEAK_MIB_MAX
    assert peaks_mib["serve"] < HUGE_PEAK_MIB_MAX
    assert peaks_mib["DuckDB"] < HUGE_IN_DUCKDB_PEAK_MIB_MAX


@pytest.mark.sanitized
@pytest.mark.timeout(300)
def test_a_table_of_a_thousand_columns(ringsync, config, keyspace, session, tmp_path):
    names = [f"c{number}" for number in range(COLUMNS)]
    session.execute(
        f"CREATE TABLE {keyspace}.wide (id int PRIMARY KEY, {' text, '.join(names)} text)",
        timeout=60,
    )
    insert = session.prepare(
        f"INSERT INTO {keyspace}.wide (id, {', '.join(names)}) VALUES ({', '.join('?' * 1001)})"
    )
    rows = [(row, *(f"{row}.{number}" for number in range(COLUMNS))) for row in range(100)]
    execute_concurrent_with_args(session, insert, rows, concurrency=8)
    session.execute(f"INSERT INTO {keyspace}.wide (id) VALUES (100)")
    rows.append((100, *(None for _ in names)))
    database = tmp_path / "warehouse.db"
    done = ringsync.run("sync", "--configuration", config(keyspace), "--to", f"duckdb:{database}")
    assert done.returncode == 0, done.stderr
    with duckdb.connect(str(database), read_only=True) as connection:
        wide = connection.execute(
            f'SELECT id, {", ".join(names)} FROM "{keyspace}".wide ORDER BY id'
        )
        assert wide.fetchall() == rows


@pytest.mark.sanitized
@pytest.mark.timeout(1800)
def test_one_partition_of_very_many_rows_is_gone_on_with_in_its_middle(
    ringsync, config, keyspace, session, tmp_path, measured
):
    session.execute(
        f"CREATE TABLE {keyspace}.events (day int, at int, v text, PRIMARY KEY (day, at))"
    )
    insert = session.prepare(f"INSERT INTO {keyspace}.events (day, at, v) VALUES (1, ?, 'v')")
    batches = []
    for first in range(0, PARTITION_ROWS, 500):
        batch = BatchStatement(batch_type=BatchType.UNLOGGED)
        for at in range(first, min(first + 500, PARTITION_ROWS)):
            batch.add(insert, (at,))
        batches.append((batch, ()))
    for result in execute_concurrent(session, batches, concurrency=8):
        assert result.success, result.result_or_exc

    database, summary, mirror = (tmp_path / name for name in ("w.db", "summary.json", "state.json"))
    arguments = ["sync", "--configuration", config(keyspace), "--to", f"duckdb:{database}",
                 "--commit-rows", "5000", "--state", mirror, "--summary-json", summary]  # fmt: skip
    process = ringsync.start(*arguments)
    while process.poll() is None and not mirror.exists():
        time.sleep(0.002)  # until the first commit
    process.send_signal(signal.SIGINT)
    _, log = process.communicate(timeout=120)
    assert process.returncode == 130, log
    first = json.loads(summary.read_text())["tables"][0]
    assert 0 < first["rows_sent"] < PARTITION_ROWS
    done = ringsync.run(*arguments, timeout_s=600)
    assert done.returncode == 0, done.stderr
    told = json.loads(summary.read_text())
    assert first["rows_sent"] + told["tables"][0]["rows_sent"] == PARTITION_ROWS
    with duckdb.connect(str(database), read_only=True) as connection:
        counted = connection.execute(
            f'SELECT count(*), count(DISTINCT "at"), min("at"), max("at") FROM "{keyspace}".events'
        ).fetchone()
    assert counted == (PARTITION_ROWS, PARTITION_ROWS, 0, PARTITION_ROWS - 1)
    measured(
        f"a partition of {PARTITION_ROWS} rows, interrupted after {first['rows_sent']}, the rest"
        f" sent by the next sync; peak {told['process']['peak_kib'] // 1024} MiB into DuckDB"
    )
