"""`updated_at` as it should not be: in the future, without a value, moving backwards, the same in
many rows, of another type. docs/limits.md has a row for each."""

import datetime
import json

import duckdb
import pytest
from cassandra.concurrent import execute_concurrent
from cassandra.query import BatchStatement, BatchType

pytestmark = pytest.mark.sanitized

ONE_TIME_ROWS = 50_000
PARTITION_ROWS = 500


@pytest.fixture
def sync(ringsync, tmp_path):
    """sync(configuration): the table t of the summary; sync.log is what was logged."""

    def run(configuration, name="t"):
        summary = tmp_path / "summary.json"
        done = ringsync.run(
            "sync", "--configuration", configuration, "--to", f"duckdb:{tmp_path / 'w.db'}",
            "--summary-json", summary,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        run.log = done.stderr
        tables = {each["name"]: each for each in json.loads(summary.read_text())["tables"]}
        return tables[name]

    return run


@pytest.fixture
def notes(keyspace, tmp_path):
    """notes(): {id: note} of the destination's rows."""

    def read():
        with duckdb.connect(str(tmp_path / "w.db"), read_only=True) as connection:
            return dict(connection.execute(f'SELECT id, note FROM "{keyspace}".t').fetchall())

    return read


@pytest.fixture
def table(keyspace, session):
    """Makes t and returns write(id, note, updated_at), which leaves updated_at out where None."""
    session.execute(
        f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY, note text, updated_at timestamp)"
    )

    def write(row_id, note, updated_at):
        session.execute(
            f"INSERT INTO {keyspace}.t (id, note, updated_at) VALUES (%s, %s, %s)",
            [row_id, note, updated_at],
        )

    return write


NOW = datetime.datetime.now(datetime.UTC)
FUTURE = datetime.datetime(2900, 1, 1, tzinfo=datetime.UTC)


@pytest.mark.every_version
@pytest.mark.timeout(180)
def test_a_row_from_the_future_arrives_with_its_changes_and_travels_each_time(
    sync, notes, table, config, keyspace
):
    configuration = config(keyspace, lag_seconds="0", overlap_seconds="0")
    table(1, "old", NOW - datetime.timedelta(days=1))
    table(2, "ahead", FUTURE)
    assert sync(configuration)["rows_sent"] == 2
    for note in ("ahead again", "and again"):
        table(2, note, FUTURE)
        assert sync(configuration)["rows_sent"] == 1
        assert notes() == {1: "old", 2: note}
    # It does not take the bound with it: a row of today is met.
    table(3, "today", datetime.datetime.now(datetime.UTC))
    assert sync(configuration)["rows_sent"] == 2
    assert notes()[3] == "today"


@pytest.mark.every_version
@pytest.mark.timeout(180)
def test_changes_without_a_time_or_with_an_older_one_wait_for_a_resync(
    sync, notes, table, config, keyspace, ringsync, tmp_path
):
    configuration = config(keyspace, lag_seconds="0", overlap_seconds="0")
    for row_id in range(4):
        table(row_id, "first", NOW - datetime.timedelta(days=1))
    sync(configuration)
    table(1, "backwards", NOW - datetime.timedelta(days=2))
    table(2, "no time", None)
    table(3, "forwards", datetime.datetime.now(datetime.UTC))
    assert sync(configuration)["rows_sent"] == 1
    assert notes() == {0: "first", 1: "first", 2: "first", 3: "forwards"}
    done = ringsync.run(
        "sync", "--configuration", configuration, "--to", f"duckdb:{tmp_path / 'w.db'}",
        "--resync", "t",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "1 rows have no updated_at" in done.stderr
    assert notes() == {0: "first", 1: "backwards", 2: "no time", 3: "forwards"}


@pytest.mark.every_version
@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("cql_type", "value"),
    [("date", "'2024-02-29'"), ("bigint", "1709208000000"), ("timeuuid", "now()")],
)
def test_a_cursor_of_another_type_is_told_and_the_table_read_in_full(
    sync, notes, config, keyspace, session, ringsync, cql_type, value
):
    session.execute(
        f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY, note text, updated_at {cql_type})"
    )

    def write(row_id, note):
        session.execute(
            f"INSERT INTO {keyspace}.t (id, note, updated_at) VALUES ({row_id}, '{note}', {value})"
        )

    write(1, "a")
    write(2, "b")
    assert sync(config(keyspace))["run"] == "full"
    assert f"its updated_at is {cql_type}, not timestamp" in sync.log
    session.execute(f"DELETE FROM {keyspace}.t WHERE id = 1")
    write(2, "B")
    table = sync(config(keyspace))
    assert (table["mode"], table["rows_sent"], table["rows_deleted"]) == ("full", 1, 1)
    assert notes()[2] == "B"
    checked = ringsync.run("check", "--configuration", config(keyspace))
    assert f"{cql_type}, not timestamp" in checked.stdout


@pytest.mark.timeout(300)
@pytest.mark.parametrize("index", [False, True], ids=["scan", "index"])
def test_as_many_rows_of_one_time_as_there_are_arrive_by_pages(
    sync, config, keyspace, session, tmp_path, measured, index
):
    session.execute(
        f"CREATE TABLE {keyspace}.t (id int, n int, note text, updated_at timestamp,"
        " PRIMARY KEY (id, n))"
    )
    if index:
        session.execute(f"CREATE INDEX by_time ON {keyspace}.t (updated_at) USING 'sai'")
    insert = session.prepare(
        f"INSERT INTO {keyspace}.t (id, n, note, updated_at) VALUES (?, ?, ?, ?)"
    )

    def write(note, updated_at):
        batches = []
        for partition in range(ONE_TIME_ROWS // PARTITION_ROWS):
            batch = BatchStatement(batch_type=BatchType.UNLOGGED)
            for n in range(PARTITION_ROWS):
                batch.add(insert, (partition, n, note, updated_at))
            batches.append((batch, ()))
        for result in execute_concurrent(session, batches, concurrency=8):
            assert result.success, result.result_or_exc

    configuration = config(keyspace, page_size="1000")
    write("first", datetime.datetime(2024, 2, 29, tzinfo=datetime.UTC))
    assert sync(configuration)["rows_sent"] == ONE_TIME_ROWS
    write("second", datetime.datetime.now(datetime.UTC))
    table = sync(configuration)
    assert (table["run"], table["rows_sent"]) == ("incremental", ONE_TIME_ROWS)
    with duckdb.connect(str(tmp_path / "w.db"), read_only=True) as connection:
        found = connection.execute(
            f'SELECT note, count(*), count(DISTINCT updated_at) FROM "{keyspace}".t GROUP BY note'
        ).fetchall()
    assert found == [("second", ONE_TIME_ROWS, 1)]
    measured(f"{ONE_TIME_ROWS} rows of one updated_at, all sent by an incremental sync")
