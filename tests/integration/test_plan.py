"""`ringsync plan`: what a sync would do, by the built program, and that it does nothing."""

import json

import pytest


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


def plan(ringsync, configuration, *more):
    done = ringsync.run("plan", "--configuration", configuration, "--json", *more)
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
def test_the_next_sync_is_planned_from_the_saved_state(ringsync, config, shop, tmp_path):
    to = ("--to", "duckdb:w.db")
    configuration = config(shop)
    done = ringsync.run("sync", "--configuration", configuration, *to, "--state", "state.json")
    assert done.returncode == 0, done.stderr
    before = (tmp_path / "state.json").read_bytes()
    by_destination = plan(ringsync, configuration, *to)["orders"]
    by_copy = plan(ringsync, configuration, "--state", "state.json")["orders"]
    for orders in (by_destination, by_copy):
        assert (orders["run"], orders["method"]) == ("incremental", "filtered scan")
        assert orders["after"] < orders["until"]
        assert "updated_at" in orders["statements"][-1]
    assert (tmp_path / "state.json").read_bytes() == before
    # The sync after the plans goes on as if they had not been.
    assert plan(ringsync, configuration, *to)["orders"]["after"] == by_destination["after"]


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
