"""`ringsync discover`: every table and column of a real keyspace, as a text and as JSON."""

import json

import pytest

pytestmark = pytest.mark.sanitized


@pytest.fixture
def shop(keyspace, session):
    session.execute(
        f"CREATE TABLE {keyspace}.orders (id int, day date, total decimal, note text static,"
        ' "Tags, all" set<text>, updated_at timestamp, PRIMARY KEY (id, day))'
    )
    session.execute(f"CREATE TABLE {keyspace}.plain (id uuid PRIMARY KEY, photo blob, n varint)")
    return keyspace


def discover(ringsync, configuration):
    done = ringsync.run("discover", "--configuration", configuration, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.timeout(60)
def test_every_table_and_column_is_listed_with_types_and_roles(ringsync, config, shop, cassandra):
    found = discover(ringsync, config(shop, exclude_tables="plain"))
    assert (found["keyspace"], found["data_center"]) == (shop, cassandra["datacenter"])
    orders, plain = found["tables"]
    columns = [
        tuple(c[field] for field in ("name", "cql_type", "role", "fivetran_type"))
        for c in orders["columns"]
    ]
    assert columns == [
        ("id", "int", "partition_key", "INT"),
        ("day", "date", "clustering_key", "NAIVE_DATE"),
        ("note", "text", "static", "STRING"),
        ("Tags, all", "set<text>", "regular", "JSON"),
        ("total", "decimal", "regular", "DOUBLE"),
        ("updated_at", "timestamp", "regular", "UTC_DATETIME"),
    ]  # fmt: skip
    assert (orders["selected"], orders["mode"]) == (True, "timestamp")
    assert orders["primary_key"] == ["id", "day"]
    assert (plain["selected"], plain["mode"]) == (False, "full")
    assert "updated_at" in plain["mode_reason"]


@pytest.mark.timeout(60)
def test_the_fivetran_types_follow_mapping_and_decimal_types(ringsync, config, shop):
    found = discover(
        ringsync,
        config(shop, type_mapping="lossless", decimal_types="orders.total=DECIMAL(18,2)"),
    )
    types = {
        (table["name"], column["name"]): column["fivetran_type"]
        for table in found["tables"]
        for column in table["columns"]
    }
    assert types["orders", "total"] == "DECIMAL(18,2)"
    assert types["plain", "photo"] == "BINARY"
    assert types["plain", "n"] == "STRING"


@pytest.mark.timeout(60)
def test_as_a_text_it_says_the_same_and_check_is_shorter(ringsync, config, shop):
    done = ringsync.run("discover", "--configuration", config(shop, tables="orders"))
    assert done.returncode == 0, done.stderr
    assert "orders: incremental by updated_at" in done.stdout
    assert "plain: not selected" in done.stdout
    assert "set<text>" in done.stdout and "UTC_DATETIME" in done.stdout
    done = ringsync.run("check", "--configuration", config(shop, tables="orders"))
    assert done.returncode == 0, done.stderr
    assert "key (id, day), 6 columns; incremental by updated_at" in done.stdout
    assert "plain" not in done.stdout


@pytest.mark.timeout(60)
def test_indexes_are_listed(ringsync, config, keyspace, session):
    session.execute(f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY, updated_at timestamp)")
    session.execute(f"CREATE INDEX by_time ON {keyspace}.t (updated_at) USING 'sai'")
    found = discover(ringsync, config(keyspace))
    (table,) = found["tables"]
    assert table["view"] is False
    assert table["indexes"] == [{"name": "by_time", "column": "updated_at", "kind": "sai"}]
