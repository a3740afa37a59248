"""Rows as they should not be: of nothing but a key, deleted by the thousand, running out while they
are read. docs/limits.md has a row for each."""

import json
import os
import time

import duckdb
import pytest
from cassandra.concurrent import execute_concurrent, execute_concurrent_with_args
from cassandra.query import BatchStatement, BatchType

pytestmark = pytest.mark.sanitized

TOMBSTONES = int(os.environ.get("RINGSYNC_TEST_HOSTILE_ROWS", "100000")) * 3 // 10
THRESHOLD = 100_000  # tombstone_failure_threshold, the server's own default


@pytest.fixture
def sync(ringsync, tmp_path):
    """sync(configuration, code): tables of the summary; sync.log is what was logged."""

    def run(configuration, code=0):
        summary = tmp_path / "summary.json"
        done = ringsync.run(
            "sync", "--configuration", configuration, "--to", f"duckdb:{tmp_path / 'w.db'}",
            "--summary-json", summary,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        run.log = done.stderr
        return {each["name"]: each for each in json.loads(summary.read_text())["tables"]}

    return run


@pytest.fixture
def read(tmp_path):
    """read(sql): what the destination answers."""

    def query(sql):
        with duckdb.connect(str(tmp_path / "w.db"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    return query


@pytest.mark.every_version
@pytest.mark.timeout(180)
def test_rows_of_nothing_but_a_key_arrive_and_rows_of_nothing_at_all_are_none(
    sync, read, config, keyspace, session
):
    columns = ", ".join(f"c{number} {kind}" for number, kind in enumerate(
        ("int", "text", "blob", "timestamp", "list<int>", "map<text, int>", "decimal", "boolean")
    ))  # fmt: skip
    session.execute(f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY, {columns})")
    ids = [(number,) for number in range(6000)]
    insert = session.prepare(f"INSERT INTO {keyspace}.t (id) VALUES (?)")
    execute_concurrent_with_args(session, insert, ids, concurrency=32)
    # Written cell by cell, a row is there for as long as one of its cells is.
    session.execute(f"UPDATE {keyspace}.t SET c0 = 1, c1 = 'x' WHERE id = 9001")
    session.execute(f"UPDATE {keyspace}.t SET c0 = null, c1 = null WHERE id = 9001")
    session.execute(f"UPDATE {keyspace}.t SET c0 = null WHERE id = 9002")
    assert sync(config(keyspace))["t"]["rows_sent"] == len(ids)
    nulls = " AND ".join(f"c{number} IS NULL" for number in range(8))
    assert read(f'SELECT count(*), max(id) FROM "{keyspace}".t WHERE {nulls}') == [(6000, 5999)]


def delete_rows(session, keyspace, partitions, rows_each):
    """Writes and deletes rows in table t, one tombstone a row; the last of each partition stays."""
    insert = session.prepare(f"INSERT INTO {keyspace}.t (p, n, v) VALUES (?, ?, 'here')")
    delete = session.prepare(f"DELETE FROM {keyspace}.t WHERE p = ? AND n = ?")
    batches = []
    for partition in range(partitions):
        for first in range(0, rows_each, 500):
            batch = BatchStatement(batch_type=BatchType.UNLOGGED)
            for n in range(first, min(first + 500, rows_each)):
                batch.add(delete, (partition, n))
            batches.append((batch, ()))
    for result in execute_concurrent(session, batches, concurrency=8):
        assert result.success, result.result_or_exc
    for partition in range(partitions):
        session.execute(insert, (partition, rows_each))


@pytest.mark.timeout(600)
def test_live_rows_among_many_tombstones_arrive(sync, read, config, keyspace, session, measured):
    session.execute(f"CREATE TABLE {keyspace}.t (p int, n int, v text, PRIMARY KEY (p, n))")
    # 64 rows, the smallest page that a refused one is asked for again with, must have fewer than
    # THRESHOLD among them.
    partitions = TOMBSTONES // 1000
    delete_rows(session, keyspace, partitions, 1000)
    assert sync(config(keyspace))["t"]["rows_sent"] == partitions
    assert read(f'SELECT count(*), min(v) FROM "{keyspace}".t') == [(partitions, "here")]
    measured(f"{partitions} rows among {TOMBSTONES} tombstones arrived")


@pytest.mark.timeout(600)
def test_more_tombstones_than_the_server_reads_at_once_fail_their_table_with_the_way_out(
    sync, read, config, keyspace, session, measured
):
    session.execute(f"CREATE TABLE {keyspace}.t (p int, n int, v text, PRIMARY KEY (p, n))")
    session.execute(f"CREATE TABLE {keyspace}.other (id int PRIMARY KEY)")
    session.execute(f"INSERT INTO {keyspace}.other (id) VALUES (1)")
    delete_rows(session, keyspace, 1, THRESHOLD + 100)
    tables = sync(config(keyspace, retry_seconds="1"), code=1)
    assert tables["other"]["outcome"] == "done"
    error = tables["t"]["error"]
    assert error["code"] == "read_failure"
    for words in ("tombstone_failure_threshold", "token range", "attempts"):
        assert words in error["message"], error["message"]
    measured(f"{THRESHOLD + 100} tombstones in a row: {error['message']}")
    # Once they may be purged the server passes over them, and the same sync goes on.
    session.execute(f"ALTER TABLE {keyspace}.t WITH gc_grace_seconds = 0", timeout=60)
    time.sleep(1.1)  # a second of grace has to be over
    assert sync(config(keyspace))["t"]["rows_sent"] == 1
    assert read(f'SELECT v FROM "{keyspace}".t') == [("here",)]


@pytest.mark.timeout(600)
def test_rows_of_so_many_nulls_that_a_page_is_refused_arrive_by_smaller_ones(
    sync, read, config, keyspace, session
):
    # An INSERT of NULL is a tombstone: a page of 5,000 such rows would hold 250,000.
    columns = [f"c{number}" for number in range(50)]
    session.execute(
        f"CREATE TABLE {keyspace}.t (p int, n int, {' int, '.join(columns)} int,"
        " PRIMARY KEY (p, n))"
    )
    insert = session.prepare(
        f"INSERT INTO {keyspace}.t (p, n, {', '.join(columns)})"
        f" VALUES (1, ?{', null' * len(columns)})"
    )
    rows = [(n,) for n in range(6000)]
    execute_concurrent_with_args(session, insert, rows, concurrency=32)
    assert sync(config(keyspace))["t"]["rows_sent"] == len(rows)
    assert read(f'SELECT count(*), count(c7) FROM "{keyspace}".t') == [(len(rows), 0)]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("mode", ["full", "timestamp"])
def test_rows_that_run_out_while_they_are_read_end_as_the_mode_sees_what_is_gone(
    sync, read, config, keyspace, session, mode
):
    cursor = ("", "") if mode == "full" else (", updated_at timestamp", ", updated_at")
    session.execute(f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY, v text{cursor[0]})")
    time_value = "" if mode == "full" else ", toTimestamp(now())"
    mortal = session.prepare(
        f"INSERT INTO {keyspace}.t (id, v{cursor[1]}) VALUES (?, 'mortal'{time_value}) USING TTL 5"
    )
    stays = session.prepare(
        f"INSERT INTO {keyspace}.t (id, v{cursor[1]}) VALUES (?, 'stays'{time_value})"
    )
    execute_concurrent_with_args(session, stays, [(n,) for n in range(500)], concurrency=32)
    execute_concurrent_with_args(session, mortal, [(n,) for n in range(500, 1000)], concurrency=32)
    slow = config(keyspace, page_size="10", max_in_flight="2", max_rows_per_second="125")
    first = sync(slow)["t"]
    assert 500 <= first["rows_sent"] < 1000, "none ran out while it was read"
    assert session.execute(f"SELECT count(*) FROM {keyspace}.t").one() == (500,)
    quiet = [sync(config(keyspace))["t"] for _ in range(2)]
    assert {table["mode"] for table in quiet} == {mode}
    live = read(f'SELECT v, count(*) FROM "{keyspace}".t WHERE NOT _fivetran_deleted GROUP BY v')
    if mode == "full":
        assert live == [("stays", 500)]
    else:
        mortals = first["rows_sent"] - 500
        assert sorted(live) == [("mortal", mortals), ("stays", 500)][not mortals :]
