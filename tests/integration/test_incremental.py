"""What an incremental sync reads, and how: by index windows or one scan, past the last one's bound.

Each test compares what travelled with what the Python driver finds in the source, and the
destination with the source.
"""

import datetime
import json
import os
import signal
import time

import duckdb
import pytest
from cassandra.concurrent import execute_concurrent, execute_concurrent_with_args
from cassandra.query import BatchStatement, BatchType

PARTITIONS = 400
ROWS_EACH = 500
ROWS = PARTITIONS * ROWS_EACH
HOURS_AGO = (25, 19, 13, 7, 1)  # one time in each of the windows since 26 hours ago
CHANGED_EACH = 300
OVERLAP_MS = 300_000


def ago(hours):
    return datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=hours)


def make_orders(session, keyspace, index):
    """200,000 rows that are ten days old, in partitions of 500; with a SAI index where asked."""
    session.execute(
        f"CREATE TABLE {keyspace}.orders (shop int, nr int, note text, updated_at timestamp,"
        " PRIMARY KEY (shop, nr))"
    )
    if index:
        session.execute(f"CREATE INDEX by_time ON {keyspace}.orders (updated_at) USING 'sai'")
    insert = session.prepare(
        f"INSERT INTO {keyspace}.orders (shop, nr, note, updated_at) VALUES (?, ?, ?, ?)"
    )
    written = ago(240)

    def batches():
        for shop in range(PARTITIONS):
            for first in range(0, ROWS_EACH, 100):
                batch = BatchStatement(batch_type=BatchType.UNLOGGED)
                for nr in range(first, first + 100):
                    batch.add(insert, (shop, nr, f"note {nr}", written))
                yield (batch, ())

    for result in execute_concurrent(session, batches(), concurrency=8, results_generator=True):
        assert result.success, result.result_or_exc


def change(session, keyspace):
    """Updates some rows at each of HOURS_AGO, deletes one of them again, and sets one to NULL."""
    update = session.prepare(
        f"UPDATE {keyspace}.orders SET note = ?, updated_at = ? WHERE shop = ? AND nr = ?"
    )
    changes = [
        (f"changed {hours}", ago(hours), number % PARTITIONS, 100 * slot + number // PARTITIONS)
        for slot, hours in enumerate(HOURS_AGO)
        for number in range(CHANGED_EACH)
    ]
    execute_concurrent_with_args(session, update, changes, concurrency=20)
    # Out of the index again: neither may travel.
    session.execute(f"UPDATE {keyspace}.orders SET updated_at = NULL WHERE shop = 399 AND nr = 499")


def sync(ringsync, configuration, database, *more, code=0, timeout_s=240):
    summary = database.parent / "summary.json"
    done = ringsync.run(
        "sync", "--configuration", configuration, "--to", f"duckdb:{database}",
        "--summary-json", summary, *more, timeout_s=timeout_s,
    )  # fmt: skip
    assert done.returncode == code, done.stderr + done.stdout
    return {table["name"]: table for table in json.loads(summary.read_text())["tables"]}


def planned(ringsync, configuration, database):
    """What `plan` says that the next sync of orders would do."""
    done = ringsync.run(
        "plan", "--configuration", configuration, "--to", f"duckdb:{database}", "--json"
    )
    assert done.returncode == 0, done.stderr
    return {table["name"]: table for table in json.loads(done.stdout)["tables"]}["orders"]


def state_of(database, keyspace):
    with duckdb.connect(str(database), read_only=True) as connection:
        return json.loads(
            connection.execute(
                'SELECT state FROM "_ringsync"."state" WHERE source = ?', [keyspace]
            ).fetchone()[0]
        )


def rewind(database, keyspace, hours):
    """As if the last sync of orders had been so long ago."""
    state = state_of(database, keyspace)
    cursor_ms = int(ago(hours).timestamp() * 1000)
    state["tables"]["orders"]["cursor_ms"] = cursor_ms
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            'UPDATE "_ringsync"."state" SET state = ? WHERE source = ?',
            [json.dumps(state), keyspace],
        )
    return cursor_ms


def rows_past(session, keyspace, cursor_ms):
    """How many rows of orders an incremental sync with this base is to read, by the driver."""
    bound = datetime.datetime.fromtimestamp((cursor_ms - OVERLAP_MS - 1) / 1000, datetime.UTC)
    return session.execute(
        f"SELECT count(*) FROM {keyspace}.orders WHERE updated_at > %s ALLOW FILTERING",
        [bound],
        timeout=60,
    ).one()[0]


@pytest.mark.sanitized
@pytest.mark.timeout(600)
def test_six_hour_windows_by_index_bring_exactly_the_changed_rows(
    ringsync, config, keyspace, session, tmp_path, source_fingerprint, destination_fingerprint
):
    make_orders(session, keyspace, index=True)
    database, mirror = tmp_path / "warehouse.db", tmp_path / "state.json"
    assert sync(ringsync, config(keyspace), database)["orders"]["rows_sent"] == ROWS
    change(session, keyspace)

    cursor_ms = rewind(database, keyspace, 26)
    wanted = rows_past(session, keyspace, cursor_ms)
    assert wanted == len(HOURS_AGO) * CHANGED_EACH
    plan = planned(ringsync, config(keyspace), database)
    assert (plan["method"], plan["estimates"]["windows"]) == ("index windows", 5)
    assert plan["estimates"]["index_seconds"] < plan["estimates"]["scan_seconds"]
    assert "by_time" in plan["method_reason"]
    orders = sync(ringsync, config(keyspace), database)["orders"]
    assert (orders["run"], orders["rows_sent"]) == ("incremental", wanted)
    assert orders["index_windows"] == 5  # of six hours four, and the last without an end
    rewind(database, keyspace, 26)
    orders = sync(ringsync, config(keyspace, interval_hours="13"), database)["orders"]
    assert (orders["rows_sent"], orders["index_windows"]) == (wanted, 3)

    # The same without the index's help: one scan, the same rows.
    rewind(database, keyspace, 26)
    never = sync(ringsync, config(keyspace, index_reads="never"), database)["orders"]
    assert (never["rows_sent"], never["index_windows"]) == (wanted, 0)

    # So long ago that a scan is cheaper than the windows.
    cursor_ms = rewind(database, keyspace, 230)
    plan = planned(ringsync, config(keyspace), database)
    assert plan["method"] == "filtered scan"
    assert plan["estimates"]["index_seconds"] > plan["estimates"]["scan_seconds"]
    scanned = sync(ringsync, config(keyspace), database, "--state", mirror)["orders"]
    assert scanned["index_windows"] == 0
    assert scanned["rows_sent"] == rows_past(session, keyspace, cursor_ms)

    # Nothing but the overlap: one window.
    last = sync(ringsync, config(keyspace), database)["orders"]
    assert last["rows_sent"] == 0
    assert last["index_windows"] == 1
    session.execute(
        f"INSERT INTO {keyspace}.orders (shop, nr, note, updated_at)"
        " VALUES (1, 9999, 'new', toTimestamp(now()))"
    )
    assert sync(ringsync, config(keyspace), database)["orders"]["rows_sent"] == 1
    again = sync(ringsync, config(keyspace), database)["orders"]
    assert again["rows_sent"] == 1, "the row of the overlap travels again, and nothing else"

    # The row whose cursor was set to NULL: its change is of the kind that no sync sees.
    session.execute(
        f"INSERT INTO {keyspace}.orders (shop, nr, note, updated_at)"
        " VALUES (399, 499, 'back', toTimestamp(now()))"
    )
    sync(ringsync, config(keyspace), database)
    assert destination_fingerprint(database, keyspace) == source_fingerprint(keyspace)


@pytest.mark.sanitized
@pytest.mark.timeout(600)
def test_a_sync_killed_between_windows_goes_on_in_its_window(
    ringsync, config, keyspace, session, tmp_path, source_fingerprint, destination_fingerprint
):
    make_orders(session, keyspace, index=True)
    database, mirror = tmp_path / "warehouse.db", tmp_path / "state.json"
    sync(ringsync, config(keyspace), database)
    change(session, keyspace)
    session.execute(
        f"INSERT INTO {keyspace}.orders (shop, nr, note, updated_at)"
        " VALUES (399, 499, 'back', toTimestamp(now()))"
    )
    arguments = [
        "sync", "--configuration", config(keyspace, checkpoint_interval="100"), "--to",
        f"duckdb:{database}", "--commit-rows", "1", "--state", mirror,
    ]  # fmt: skip
    killed_at = None
    for _ in range(20):
        cursor_ms = rewind(database, keyspace, 26)
        wanted = rows_past(session, keyspace, cursor_ms)
        first_ms = cursor_ms - OVERLAP_MS - 1
        mirror.unlink(missing_ok=True)
        process = ringsync.start(*arguments)
        while process.poll() is None:
            run = read_run(mirror)
            if run and run.get("window_end_ms") and run["after_ms"] > first_ms:
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.002)
        process.communicate(timeout=60)
        run = state_of(database, keyspace)["tables"]["orders"].get("run")
        if process.returncode == -signal.SIGKILL and run and "window_end_ms" in run:
            killed_at = run
            break
    assert killed_at, "no kill landed between windows"
    orders = sync(ringsync, config(keyspace), database)["orders"]
    assert orders["resumed"]
    assert orders["rows_sent"] <= wanted - CHANGED_EACH, "a window that was done was read again"
    assert 1 <= orders["index_windows"] < 5
    assert destination_fingerprint(database, keyspace) == source_fingerprint(keyspace)


def read_run(mirror):
    try:
        return json.loads(mirror.read_text())["tables"]["orders"].get("run")
    except (FileNotFoundError, json.JSONDecodeError):
        return None


@pytest.mark.sanitized
@pytest.mark.timeout(600)
def test_a_resync_reads_a_table_anew_and_marks_rows_gone(
    ringsync, config, keyspace, session, tmp_path, source_fingerprint, destination_fingerprint
):
    for table in ("orders", "other"):
        session.execute(
            f"CREATE TABLE {keyspace}.{table} (id int PRIMARY KEY, note text, updated_at timestamp)"
        )
        for number in range(100):
            session.execute(
                f"INSERT INTO {keyspace}.{table} (id, note, updated_at)"
                f" VALUES ({number}, 'old', '2020-01-01')"
            )
    database = tmp_path / "warehouse.db"
    sync(ringsync, config(keyspace), database)
    session.execute(f"DELETE FROM {keyspace}.orders WHERE id = 5")
    session.execute(f"UPDATE {keyspace}.orders SET note = 'untimed' WHERE id = 6")
    plain = sync(ringsync, config(keyspace), database)
    assert plain["orders"]["rows_sent"] == 0
    tables = sync(ringsync, config(keyspace), database, "--resync", "ord*")
    assert (tables["orders"]["run"], tables["orders"]["rows_sent"]) == ("first", 99)
    assert tables["orders"]["rows_deleted"] == 1
    assert (tables["other"]["run"], tables["other"]["rows_sent"]) == ("incremental", 0)
    assert destination_fingerprint(database, keyspace) == source_fingerprint(keyspace)
    unknown = ringsync.run(
        "sync", "--configuration", config(keyspace), "--to", f"duckdb:{database}",
        "--resync", "oders",
    )  # fmt: skip
    assert unknown.returncode == 3
    assert "--resync" in unknown.stderr and '"orders"' in unknown.stderr


@pytest.mark.sanitized
@pytest.mark.every_version
@pytest.mark.timeout(600)
def test_the_examples_state_is_accepted_with_a_warning(
    ringsync, config, keyspace, session, tmp_path, source_fingerprint, destination_fingerprint
):
    session.execute(f"CREATE TABLE {keyspace}.orders (id int PRIMARY KEY, updated_at timestamp)")
    for number, year in enumerate((2019, 2020, 2022, 2023)):
        session.execute(
            f"INSERT INTO {keyspace}.orders (id, updated_at) VALUES ({number}, '{year}-06-01')"
        )
    state = tmp_path / "old_state.json"
    state.write_text(
        json.dumps(
            {
                "orders": {"last_updated_at": "2021-01-01 00:00:00"},
                "gone": {"last_updated_at": "2021-01-01 00:00:00"},
            }
        )
    )
    database = tmp_path / "warehouse.db"
    arguments = ["sync", "--configuration", config(keyspace), "--to", f"duckdb:{database}"]
    done = ringsync.run(*arguments, "--import-state", state)
    assert done.returncode == 0, done.stderr
    assert "--resync orders" in done.stderr
    assert "gone" in done.stderr
    with duckdb.connect(str(database), read_only=True) as connection:
        ids = connection.execute(f'SELECT id FROM "{keyspace}".orders ORDER BY id').fetchall()
    assert ids == [(2,), (3,)]
    twice = ringsync.run(*arguments, "--import-state", state)
    assert twice.returncode == 5, "the destination has a state of its own now"
    sync(ringsync, config(keyspace), database, "--resync", "orders")
    assert destination_fingerprint(database, keyspace) == source_fingerprint(keyspace)


@pytest.mark.sanitized
@pytest.mark.timeout(300)
def test_initial_sync_start_leaves_older_rows_out_until_it_is_taken_back(
    ringsync, config, keyspace, session, tmp_path, source_fingerprint, destination_fingerprint
):
    session.execute(f"CREATE TABLE {keyspace}.orders (id int PRIMARY KEY, updated_at timestamp)")
    for number, year in enumerate((2019, 2020, 2022, 2023)):
        session.execute(
            f"INSERT INTO {keyspace}.orders (id, updated_at) VALUES ({number}, '{year}-06-01')"
        )
    session.execute(f"INSERT INTO {keyspace}.orders (id) VALUES (9)")
    database = tmp_path / "warehouse.db"
    since = {"initial_sync_start": "2021-01-01"}
    orders = sync(ringsync, config(keyspace, **since), database)["orders"]
    assert (orders["run"], orders["rows_sent"]) == ("first", 2)
    orders = sync(ringsync, config(keyspace, **since), database)["orders"]
    assert (orders["run"], orders["rows_sent"]) == ("incremental", 0)
    orders = sync(ringsync, config(keyspace, initial_sync_start="2020-01-01"), database)["orders"]
    assert (orders["run"], orders["rows_sent"]) == ("first", 3)
    orders = sync(ringsync, config(keyspace), database)["orders"]
    assert (orders["run"], orders["rows_sent"]) == ("first", 5)
    assert destination_fingerprint(database, keyspace) == source_fingerprint(keyspace)


@pytest.mark.sanitized
@pytest.mark.timeout(300)
def test_a_row_limit_holds_for_the_whole_sync(ringsync, config, keyspace, session, tmp_path):
    session.execute(f"CREATE TABLE {keyspace}.plain (id int PRIMARY KEY)")
    insert = session.prepare(f"INSERT INTO {keyspace}.plain (id) VALUES (?)")
    execute_concurrent_with_args(session, insert, [(n,) for n in range(2000)], concurrency=20)
    database = tmp_path / "warehouse.db"
    plain = sync(ringsync, config(keyspace, max_rows_per_second="500"), database)["plain"]
    assert plain["rows_sent"] == 2000
    assert plain["seconds"] >= 3.0


@pytest.mark.sanitized
@pytest.mark.timeout(300)
def test_views_come_where_they_are_asked_for_and_rows_that_left_them_are_marked(
    ringsync, config, keyspace, session, tmp_path, source_fingerprint, destination_fingerprint
):
    session.execute(
        f"CREATE TABLE {keyspace}.orders (id int PRIMARY KEY, shop int, updated_at timestamp)"
    )
    session.execute(
        f"CREATE MATERIALIZED VIEW {keyspace}.by_shop AS SELECT * FROM {keyspace}.orders"
        " WHERE id IS NOT NULL AND shop IS NOT NULL PRIMARY KEY (shop, id)"
    )
    for number in range(20):
        session.execute(
            f"INSERT INTO {keyspace}.orders (id, shop, updated_at)"
            f" VALUES ({number}, {number % 3}, '2020-01-01')"
        )
    database = tmp_path / "warehouse.db"
    assert set(sync(ringsync, config(keyspace), database)) == {"orders"}
    views = config(keyspace, include_views="true")
    assert sync(ringsync, views, database)["by_shop"]["rows_sent"] == 20
    session.execute(
        f"UPDATE {keyspace}.orders SET shop = 7, updated_at = toTimestamp(now()) WHERE id = 4"
    )
    by_shop = sync(ringsync, views, database)["by_shop"]
    assert (by_shop["run"], by_shop["rows_deleted"]) == ("full", 1)
    assert destination_fingerprint(database, keyspace) == source_fingerprint(
        keyspace, ["by_shop", "orders"]
    )
    only = config(keyspace, include_views="true", exclude_tables="orders")
    assert set(sync(ringsync, only, tmp_path / "only.db")) == {"by_shop"}


@pytest.mark.timeout(1800)
def test_hundreds_of_small_tables_run_side_by_side_in_little_memory(
    ringsync, config, keyspace, session, tmp_path, measured
):
    count = int(os.environ.get("RINGSYNC_TEST_TABLES", "100"))
    for number in range(count):
        session.execute(
            f"CREATE TABLE {keyspace}.t{number} (id int PRIMARY KEY, updated_at timestamp)",
            timeout=60,
        )
    for number in range(count):
        session.execute(
            f"INSERT INTO {keyspace}.t{number} (id, updated_at) VALUES ({number}, '2020-01-01')"
        )
    summary = tmp_path / "summary.json"
    done = ringsync.run(
        "sync", "--configuration", config(keyspace), "--to", "null:", "--summary-json", summary,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(summary.read_text())
    assert told["totals"]["done"] == count
    assert told["totals"]["rows_sent"] == count
    measured(f"{count} tables of a row, one sync; peak {told['process']['peak_kib']} KiB")
    assert told["process"]["peak_kib"] <= 64 * 1024
