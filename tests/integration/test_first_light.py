"""The main job: a real keyspace of real data arrives in DuckDB; afterwards only changes travel."""

import json

import duckdb
import nyc as nyc_loader
import pytest
from cql_values import UNKNOWN_TYPE

SOURCE_ROWS = {
    "airlines": 16,
    "airports": 1458,
    "flights": 336_776,
    "planes": 3322,
    "weather": 26_115,
}


def sync(ringsync, configuration, database, *more, timeout_s=180):
    summary = database.parent / "summary.json"
    done = ringsync.run(
        "sync", "--configuration", configuration, "--to", f"duckdb:{database}",
        "--summary-json", summary, *more, timeout_s=timeout_s,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    return {table["name"]: table for table in json.loads(summary.read_text())["tables"]}


@pytest.mark.timeout(600)
def test_a_keyspace_arrives_equal_to_what_the_driver_reads(
    ringsync, config, nyc, tmp_path, source_fingerprint, destination_fingerprint
):
    database = tmp_path / "warehouse.db"
    tables = sync(ringsync, config(nyc), database)
    assert {name: table["rows_sent"] for name, table in tables.items()} == SOURCE_ROWS
    for table in tables.values():
        assert table["rows_read"] == table["rows_sent"] + table["rows_reported"]
    assert destination_fingerprint(database, nyc) == source_fingerprint(nyc)


@pytest.mark.timeout(600)
def test_after_changes_exactly_the_changed_rows_travel(
    ringsync, config, cassandra, session, tmp_path, source_fingerprint, destination_fingerprint
):
    keyspace = "nyc_changes"
    carriers = ("US", "VX", "WN")  # a tenth of the flights
    nyc_loader.load(cassandra, keyspace, fresh=True, carriers=carriers)
    try:
        configuration = config(keyspace, lag_seconds="0", overlap_seconds="0")
        database = tmp_path / "warehouse.db"
        sync(ringsync, configuration, database)
        changes = nyc_loader.change(cassandra, keyspace, 500, 25, seed=1, carriers=carriers)
        tables = sync(ringsync, configuration, database)
        assert tables["flights"]["run"] == "incremental"
        assert tables["flights"]["rows_sent"] == 525
        assert tables["weather"]["rows_sent"] == 0
        assert tables["airports"]["rows_sent"] == SOURCE_ROWS["airports"] - 1
        assert tables["airlines"]["rows_sent"] == SOURCE_ROWS["airlines"]
        assert destination_fingerprint(database, keyspace) == source_fingerprint(keyspace)
        with duckdb.connect(str(database), read_only=True) as connection:
            deleted = connection.execute(
                f'SELECT faa FROM "{keyspace}".airports WHERE _fivetran_deleted'
            ).fetchall()
        assert len(deleted) == 1
        assert deleted[0][0] in json.dumps(changes)
    finally:
        session.execute(f"DROP KEYSPACE {keyspace}", timeout=90)


@pytest.mark.sanitized
@pytest.mark.every_version
@pytest.mark.timeout(300)
def test_rows_without_and_with_very_old_cursors_arrive_in_the_first_sync(
    ringsync, config, keyspace, session, tmp_path
):
    session.execute(
        f"CREATE TABLE {keyspace}.orders (id int PRIMARY KEY, note text, updated_at timestamp)"
    )
    session.execute(f"INSERT INTO {keyspace}.orders (id, note) VALUES (1, 'no time')")
    session.execute(
        f"INSERT INTO {keyspace}.orders (id, note, updated_at) VALUES (2, 'old', '1970-01-02')"
    )
    session.execute(
        f"INSERT INTO {keyspace}.orders (id, note, updated_at)"
        " VALUES (3, 'now', toTimestamp(now()))"
    )
    configuration = config(keyspace, lag_seconds="0", overlap_seconds="0")
    database = tmp_path / "warehouse.db"
    tables = sync(ringsync, configuration, database)
    assert tables["orders"]["rows_sent"] == 3
    assert tables["orders"]["null_cursor_rows"] == 1
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            f'SELECT id, note FROM "{keyspace}".orders ORDER BY id'
        ).fetchall()
    assert rows == [(1, "no time"), (2, "old"), (3, "now")]


@pytest.mark.sanitized
@pytest.mark.timeout(300)
def test_lag_and_overlap_meet_recent_rows_again(ringsync, config, keyspace, session, tmp_path):
    session.execute(f"CREATE TABLE {keyspace}.orders (id int PRIMARY KEY, updated_at timestamp)")
    for order in range(50):
        session.execute(
            f"INSERT INTO {keyspace}.orders (id, updated_at) VALUES ({order}, toTimestamp(now()))"
        )
    database = tmp_path / "warehouse.db"
    assert sync(ringsync, config(keyspace), database)["orders"]["run"] == "first"
    again = sync(ringsync, config(keyspace), database)["orders"]
    assert (again["run"], again["rows_sent"]) == ("incremental", 50)
    with duckdb.connect(str(database), read_only=True) as connection:
        assert connection.execute(f'SELECT count(*) FROM "{keyspace}".orders').fetchone() == (50,)


@pytest.mark.sanitized
@pytest.mark.every_version
@pytest.mark.timeout(300)
def test_tables_and_names_that_need_quotes(ringsync, config, keyspace, session, tmp_path):
    session.execute(
        f'CREATE TABLE {keyspace}."OddName" ("Part Key" text, "select" int, "a""b" text,'
        ' "UPPER" text, PRIMARY KEY ("Part Key", "select"))'
    )
    session.execute(
        f'INSERT INTO {keyspace}."OddName" ("Part Key", "select", "a""b", "UPPER")'
        " VALUES ('Zürich', 7, 'it''s', '')"
    )
    database = tmp_path / "warehouse.db"
    sync(ringsync, config(keyspace), database)
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            f'SELECT "Part Key", "select", "a""b", "UPPER", _fivetran_deleted'
            f' FROM "{keyspace}"."OddName"'
        ).fetchall()
    assert rows == [("Zürich", 7, "it's", "", False)]


@pytest.mark.sanitized
@pytest.mark.timeout(300)
def test_tables_chooses_and_exclude_tables_wins(ringsync, config, keyspace, session, tmp_path):
    for name in ("alpha", "beta", "gamma"):
        session.execute(f"CREATE TABLE {keyspace}.{name} (id int PRIMARY KEY)")
    database = tmp_path / "warehouse.db"
    both = config(keyspace, tables="alpha, beta", exclude_tables="beta")
    assert set(sync(ringsync, both, database)) == {"alpha"}
    assert set(sync(ringsync, config(keyspace), database, "--tables", "gamma")) == {"gamma"}


@pytest.mark.sanitized
@pytest.mark.timeout(300)
def test_a_failing_table_is_named_and_lets_the_others_finish(
    ringsync, config, keyspace, session, tmp_path
):
    session.execute(f"CREATE TABLE {keyspace}.plain (id int PRIMARY KEY)")
    session.execute(
        f"CREATE TABLE {keyspace}.tags (id int PRIMARY KEY, note text, labels {UNKNOWN_TYPE})"
    )
    session.execute(f"INSERT INTO {keyspace}.plain (id) VALUES (1)")
    session.execute(f"INSERT INTO {keyspace}.tags (id, note) VALUES (1, 'secret-label')")
    database = tmp_path / "warehouse.db"
    done = ringsync.run("sync", "--configuration", config(keyspace), "--to", f"duckdb:{database}")
    assert done.returncode == 1
    assert "tags" in done.stderr and "labels" in done.stderr and "DynamicComposite" in done.stderr
    assert "secret-label" not in done.stderr + done.stdout
    with duckdb.connect(str(database), read_only=True) as connection:
        assert connection.execute(f'SELECT id FROM "{keyspace}".plain').fetchall() == [(1,)]
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", [keyspace]
        ).fetchall()
    assert tables == [("plain",)]


@pytest.mark.sanitized
@pytest.mark.timeout(300)
def test_the_state_mirror_is_the_destinations_own_state(
    ringsync, config, keyspace, session, tmp_path
):
    session.execute(f"CREATE TABLE {keyspace}.plain (id int PRIMARY KEY)")
    database, mirror = tmp_path / "warehouse.db", tmp_path / "state.json"
    sync(ringsync, config(keyspace), database, "--state", mirror)
    with duckdb.connect(str(database), read_only=True) as connection:
        held = connection.execute(
            'SELECT state FROM "_ringsync"."state" WHERE source = ?', [keyspace]
        ).fetchone()[0]
    assert json.loads(mirror.read_text()) == json.loads(held)
    sync(ringsync, config(keyspace), database, "--state", mirror)


@pytest.mark.sanitized
@pytest.mark.every_version
@pytest.mark.timeout(300)
def test_check_tells_mode_and_problems_of_every_table(ringsync, config, keyspace, session):
    session.execute(f"CREATE TABLE {keyspace}.orders (id int PRIMARY KEY, updated_at timestamp)")
    session.execute(f"CREATE TABLE {keyspace}.plain (id int PRIMARY KEY, updated_at text)")
    done = ringsync.run("check", "--configuration", config(keyspace))
    assert done.returncode == 0, done.stderr
    assert "incremental by updated_at" in done.stdout
    assert "its updated_at is text, not timestamp" in done.stdout
    session.execute(f"CREATE TABLE {keyspace}.tags (id int PRIMARY KEY, labels {UNKNOWN_TYPE})")
    done = ringsync.run("check", "--configuration", config(keyspace))
    assert done.returncode == 1
    assert "! error[unsupported_type]: " in done.stdout and "labels" in done.stdout
