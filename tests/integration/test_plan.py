"""`ringsync plan`: what a sync would do, by the built program, and that it does nothing."""

import json

import pytest
from cql_values import UNKNOWN_TYPE

pytestmark = pytest.mark.sanitized

FLIGHTS = 336_776


@pytest.fixture
def shop(keyspace, session):
    session.execute(
        f"CREATE TABLE {keyspace}.orders (id int PRIMARY KEY, updated_at timestamp, v text)"
    )
    session.execute(f"CREATE TABLE {keyspace}.plain (id int PRIMARY KEY)")
    for row in range(3):
        session.execute(
            f"INSERT INTO {keyspace}.orders (id, updated_at, v)"
            f" VALUES ({row}, toTimestamp(now()), 'private')"
        )
    return keyspace


def plan(ringsync, configuration, *more, **options):
    done = ringsync.run("plan", "--configuration", configuration, "--json", *more, **options)
    assert done.returncode == 0, done.stderr
    return {table["name"]: table for table in json.loads(done.stdout)["tables"]}


@pytest.mark.every_version
@pytest.mark.timeout(60)
def test_a_first_sync_is_planned_with_its_reasons_and_nothing_is_written(
    ringsync, config, shop, offers, session, tmp_path
):
    tables = plan(ringsync, config(shop), "--to", "duckdb:w.db")
    assert not (tmp_path / "w.db").exists()
    orders, plain = tables["orders"], tables["plain"]
    assert (orders["mode"], orders["run"], orders["after"]) == ("timestamp", "first", None)
    assert (orders["rows"], orders["exact"], orders["method"]) == (3, True, "whole table")
    assert any("deleted at the source" in sentence for sentence in orders["not_seen"])
    # Advised where the server takes it, and the server does take it.
    indexes = [cql for cql in orders["would_help"] if "INDEX" in cql]
    assert len(indexes) == offers.sai
    for cql in indexes:
        session.execute(cql)
    assert (plain["mode"], plain["rows"], plain["not_seen"]) == ("full", 0, [])
    assert any("ADD" in cql and "updated_at" in cql for cql in plain["would_help"])


@pytest.mark.timeout(60)
def test_a_table_of_a_type_that_nobody_knows_is_named(ringsync, config, shop, session):
    session.execute(f"ALTER TABLE {shop}.orders ADD labels {UNKNOWN_TYPE}")
    done = ringsync.run("plan", "--configuration", config(shop))
    assert "error[unsupported_type]: table" in done.stdout and "labels" in done.stdout, done.stdout


@pytest.mark.timeout(60)
def test_a_large_table_is_estimated_and_split(ringsync, config, nyc):
    flights = plan(ringsync, config(nyc), "--tables", "flights")["flights"]
    assert not flights["exact"] and flights["splits"] > 1
    assert FLIGHTS / 2 < flights["rows"] < FLIGHTS * 2
    assert 30 < flights["bytes"] / flights["rows"] < 600  # 15 columns, some of them texts


@pytest.mark.timeout(120)
def test_the_next_sync_is_planned_from_the_saved_state(
    ringsync, config, shop, tmp_path, every_destination
):
    destination = every_destination
    to = ("--to", destination.argument)
    configuration = config(shop)

    def planned(*more):
        return plan(ringsync, configuration, *more, env=destination.environment)["orders"]

    # Nothing is there, and nothing is made.
    before = destination.inventory()
    assert planned(*to)["run"] == "first"
    assert destination.inventory() == before

    done = ringsync.run(
        "sync", "--configuration", configuration, *to, "--state", "state.json",
        env=destination.environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    mirror, synced = (tmp_path / "state.json").read_bytes(), destination.inventory()
    by_destination = planned(*to)
    by_copy = planned("--state", "state.json")
    for orders in (by_destination, by_copy):
        assert (orders["run"], orders["method"]) == ("incremental", "filtered scan")
        assert orders["after"] < orders["until"]
        assert "updated_at" in orders["statements"][-1]
    assert (tmp_path / "state.json").read_bytes() == mirror
    assert destination.inventory() == synced
    # The sync after the plans goes on as if they had not been.
    assert planned(*to)["after"] == by_destination["after"]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_a_file_that_is_no_database_is_told(ringsync, config, shop, tmp_path, kind):
    garbage = b"no database " * 500
    (tmp_path / "w.db").write_bytes(garbage)
    done = ringsync.run("plan", "--configuration", config(shop), "--to", f"{kind}:w.db")
    assert (done.returncode, done.stdout) == (4, "")
    assert "error[destination]" in done.stderr and "w.db" in done.stderr
    assert [file.name for file in tmp_path.glob("w.db*")] == ["w.db"]
    assert (tmp_path / "w.db").read_bytes() == garbage


@pytest.mark.timeout(60)
def test_a_server_that_is_down_is_told_without_the_password(ringsync, config, shop):
    done = ringsync.run(
        "plan", "--configuration", config(shop), "--to", "postgresql://me:${SECRET}@127.0.0.1:1/w",
        env={"SECRET": "hunter2-never-shown"},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (4, "")
    assert "error[destination]" in done.stderr and "127.0.0.1:1" in done.stderr
    assert "hunter2" not in done.stderr


@pytest.mark.timeout(60)
def test_as_a_text_it_says_the_same_without_row_data(ringsync, config, shop):
    done = ringsync.run("plan", "--configuration", config(shop), "--tables", "orders")
    assert done.returncode == 0, done.stderr
    for words in ("orders: first sync: every row", "whole table", "not seen", "SELECT", "3 rows"):
        assert words in done.stdout, words
    assert "plain" not in done.stdout
    assert "private" not in done.stdout + done.stderr


@pytest.mark.timeout(60)
def test_a_file_that_is_no_state_is_told(ringsync, config, shop, tmp_path):
    (tmp_path / "s.json").write_text("{}")
    done = ringsync.run("plan", "--configuration", config(shop), "--state", "s.json")
    assert done.returncode == 5
    assert "error[state_damaged]" in done.stderr


@pytest.mark.timeout(60)
def test_what_no_cursor_shows_is_told_and_no_impossible_statement_advised(
    ringsync, config, keyspace, session
):
    session.execute(
        f"CREATE TABLE {keyspace}.lines (id int, nr int, title text STATIC, updated_at timestamp,"
        " PRIMARY KEY (id, nr))"
    )
    session.execute(f"CREATE TABLE {keyspace}.views (id int PRIMARY KEY, seen counter)")
    tables = plan(ringsync, config(keyspace))
    assert any("static column" in sentence for sentence in tables["lines"]["not_seen"])
    assert any("expire" in sentence for sentence in tables["lines"]["not_seen"])
    # A table of counters takes no timestamp column.
    assert tables["views"]["would_help"] == []
