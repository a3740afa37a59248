"""scan: a table of a real Cassandra by pyarrow, polars and DuckDB."""

import datetime
import gc
import os
import pathlib
import time

import duckdb
import polars
import pyarrow
import pytest
import ringsync
import test_differential
from cql_session import quoted
from other_thread import other_thread
from read_back import DuckdbFile
from test_differential import compare

pytestmark = pytest.mark.timeout(300)
filled = test_differential.filled


def reader(scanned) -> pyarrow.RecordBatchReader:
    return pyarrow.RecordBatchReader.from_stream(scanned)


def threads() -> int:
    return len(list(pathlib.Path("/proc/self/task").iterdir()))


def resident_kb() -> int:
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


@pytest.fixture(scope="module")
def flights_of_the_driver(session, nyc):
    rows = session.execute(f"SELECT {', '.join(NAMES)} FROM {nyc}.flights")
    return sorted(rows, key=repr)


NAMES = ["carrier", "flight", "origin", "dest", "tailnum", "dep_time", "distance"]


@pytest.mark.parametrize(
    "rows_of",
    [
        lambda scanned: [tuple(row.values()) for row in reader(scanned).read_all().to_pylist()],
        lambda scanned: polars.DataFrame(scanned).rows(),
        lambda scanned: duckdb.sql("FROM scanned").fetchall(),
    ],
    ids=["pyarrow", "polars", "duckdb"],
)
def test_each_library_reads_what_the_driver_reads(
    configuration, nyc, flights_of_the_driver, rows_of
):
    scanned = ringsync.scan(configuration(nyc), "flights", columns=NAMES)
    assert sorted(rows_of(scanned), key=repr) == flights_of_the_driver


@pytest.mark.parametrize("form", ["json", "native"])
def test_rows_of_every_type_equal_what_the_driver_reads(
    configuration, filled, tmp_path, measured, form
):
    keyspace, tables, source_rows = filled
    chosen = configuration(keyspace, type_mapping="lossless", nested_types=form)
    path, compared = tmp_path / "scanned.db", 0
    for table in tables:
        scanned = ringsync.scan(chosen, table.name)
        with duckdb.connect(str(path)) as connection:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {keyspace}")
            name = f"{keyspace}.{quoted(table.name)}"
            connection.execute(f"CREATE TABLE {name} AS FROM scanned")
        got = DuckdbFile(path).rows(keyspace, table.name, table.columns)
        compared += compare(table, source_rows[table.name], got)
        # The others take the same stream: as many rows, of the same columns.
        arrow, frame = reader(scanned).read_all(), polars.DataFrame(scanned)
        assert arrow.num_rows == len(frame) == len(got)
        assert arrow.column_names == frame.columns and set(frame.columns) == set(table.columns)
    measured(f"cells equal to what the driver reads: {compared}")


def test_a_scan_can_be_read_again_and_only_the_columns_wanted_come_in_their_order(
    configuration, nyc
):
    scanned = ringsync.scan(configuration(nyc), "airlines", columns=["name", "carrier"])
    first, second = (reader(scanned).read_all() for _ in range(2))
    assert first.column_names == ["name", "carrier"]
    assert first.num_rows > 10
    assert first.sort_by("carrier") == second.sort_by("carrier")


def test_since_leaves_out_what_is_not_later(configuration, session, keyspace):
    session.execute(f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY, updated_at timestamp, n int)")
    for row in range(20):
        session.execute(
            f"INSERT INTO {keyspace}.t (id, updated_at, n) VALUES"
            f" ({row}, '2024-01-{row + 1:02}T00:00:00Z', {row})"
        )
    session.execute(f"INSERT INTO {keyspace}.t (id) VALUES (99)")
    utc = datetime.UTC
    for since in ("2024-01-10", "2024-01-10T00:00:00Z", datetime.datetime(2024, 1, 10, tzinfo=utc)):
        scanned = ringsync.scan(configuration(keyspace), "t", columns=["n"], since=since)
        assert sorted(reader(scanned).read_all()["n"].to_pylist()) == list(range(10, 20))


def test_types_are_arrows(configuration, session, keyspace):
    session.execute(
        f"CREATE TABLE {keyspace}.t (id uuid PRIMARY KEY, at timestamp, day date, b blob,"
        " tags list<int>, price decimal)"
    )
    session.execute(
        f"INSERT INTO {keyspace}.t (id, at, day, b, tags, price) VALUES (uuid(),"
        " '2024-02-29T12:00:00.123Z', '2024-02-29', 0x00ff, [1, 2], 2.5)"
    )
    chosen = configuration(keyspace, nested_types="native", decimal_types="t.price=DECIMAL(10,2)")
    table = reader(ringsync.scan(chosen, "t")).read_all()
    row = table.to_pylist()[0]
    assert table.schema.field("tags").type == pyarrow.list_(pyarrow.int32())
    assert table.schema.field("at").type == pyarrow.timestamp("us", "UTC")
    assert (row["tags"], row["b"], str(row["price"])) == ([1, 2], b"\x00\xff", "2.50")
    assert row["day"] == datetime.date(2024, 2, 29)


def test_wrong_tables_columns_and_times_are_value_errors(configuration, session, nyc):
    chosen = configuration(nyc)
    for match, wrong in (
        ("no_such", {"table": "no_such"}),
        ("airlines has no column carier; it has", {"table": "airlines", "columns": ["carier"]}),
        ("at least one", {"table": "airlines", "columns": []}),
        ("no time", {"table": "flights", "since": "yesterday"}),
        ("since", {"table": "airlines", "since": "2024-01-01"}),
    ):
        with pytest.raises(ValueError, match=match):
            ringsync.scan(chosen, **wrong)


def test_an_error_in_the_middle_has_the_programs_code(configuration, session, keyspace):
    session.execute(f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY, d decimal)")
    session.execute(f"INSERT INTO {keyspace}.t (id, d) VALUES (1, 123.456)")
    chosen = configuration(keyspace, decimal_types="t.d=DECIMAL(4,2)")
    with pytest.raises(Exception, match=r"error\[unrepresentable\]: table t: .*token"):
        reader(ringsync.scan(chosen, "t")).read_all()


def test_a_table_dropped_before_it_is_read_is_an_error(configuration, session, keyspace):
    session.execute(f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY)")
    scanned = ringsync.scan(configuration(keyspace), "t")
    session.execute(f"DROP TABLE {keyspace}.t", timeout=60)
    with pytest.raises(Exception, match=r"error\[unknown_table\]"):
        reader(scanned).read_all()


def test_released_streams_stop_and_leave_nothing_behind(configuration, nyc, measured):
    chosen = configuration(nyc)
    reader(ringsync.scan(chosen, "airlines")).read_all()
    gc.collect()
    before = threads()
    for _ in range(10):
        scanned = ringsync.scan(chosen, "flights")
        begun = reader(scanned)
        assert begun.read_next_batch().num_rows > 0
        started = time.monotonic()
        del begun, scanned
        gc.collect()
        took = time.monotonic() - started
    measured(f"the last of 10 released streams ended in {took:.2f} s")
    assert threads() <= before


def test_a_slow_reader_holds_the_scan_back(configuration, nyc):
    begun = reader(ringsync.scan(configuration(nyc), "flights"))
    begun.read_next_batch()
    base = resident_kb()
    peak = 0
    for _ in range(20):
        time.sleep(0.05)  # for the scan to run ahead, if it could
        peak = max(peak, resident_kb())
    assert peak - base < 64 * 1024
    rows = sum(batch.num_rows for batch in begun)
    assert rows > 100_000


def test_other_threads_run_while_a_scan_reads(configuration, nyc):
    with other_thread() as other:
        reader(ringsync.scan(configuration(nyc), "flights")).read_all()
    assert other.counted > 20


def test_a_scan_is_refused_in_a_forked_process(configuration, nyc):
    import os

    scanned = ringsync.scan(configuration(nyc), "airlines")
    process = os.fork()
    if process == 0:
        try:
            scanned.__arrow_c_stream__()
        except ringsync.RingsyncError as error:
            os._exit(7 if "another process" in str(error) else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 7
    assert reader(scanned).read_all().num_rows > 10


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"columns": "carrier"}, "a list of names"),
        ({"columns": [1]}, "a list of names"),
        ({"columns": ["name", "name"]}, "name is named more than once"),
        ({"columns": []}, "name at least one"),
        ({"since": datetime.date(2024, 1, 1)}, "ISO 8601"),
        ({"since": 1704067200}, "ISO 8601"),
        ({"since": "yesterday"}, "yesterday"),
    ],
)
def test_arguments_that_are_wrong_are_told_of(configuration, nyc, wrong, told):
    with pytest.raises(ringsync.ConfigurationError, match=told):
        ringsync.scan(configuration(nyc), "airlines", **wrong)


def test_what_a_reading_logs_reaches_pythons_logging(configuration, session, keyspace, caplog):
    session.execute(f"CREATE TABLE {keyspace}.late (id int PRIMARY KEY, day date)")
    scanned = ringsync.scan(configuration(keyspace), "late")
    with caplog.at_level("INFO", logger="ringsync"):
        reader(scanned).read_all()
        assert "table late" in caplog.text


def test_a_stream_that_a_fork_has_copied_says_so_and_can_be_let_go(configuration, nyc):
    stream = reader(ringsync.scan(configuration(nyc), "airlines"))
    assert stream.read_next_batch().num_rows > 0
    child = os.fork()
    if child == 0:
        code = 1
        try:
            stream.read_next_batch()
        except Exception as error:
            code = 0 if "another process" in str(error) else 2
        del stream
        os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
