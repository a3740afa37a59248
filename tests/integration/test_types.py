"""Choices about types: fixed-point numbers, values that destinations cannot hold, unknown types."""

import decimal
import json

import duckdb
import pytest
from cql_values import UNKNOWN_TYPE

pytestmark = pytest.mark.sanitized


def sync(ringsync, configuration, tmp_path):
    """(finished process, summary of each table by name)"""
    summary = tmp_path / "summary.json"
    done = ringsync.run(
        "sync", "--configuration", configuration, "--to", f"duckdb:{tmp_path / 'warehouse.db'}",
        "--summary-json", summary,
    )  # fmt: skip
    tables = json.loads(summary.read_text())["tables"] if summary.exists() else []
    return done, {table["name"]: table for table in tables}


def read(tmp_path, sql):
    with duckdb.connect(str(tmp_path / "warehouse.db"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture
def prices(keyspace, session):
    """A decimal that fits DECIMAL(10,2), one that would need rounding, and one without a value."""
    session.execute(
        f"CREATE TABLE {keyspace}.prices (id int PRIMARY KEY, price decimal, units varint)"
    )
    session.execute(f"INSERT INTO {keyspace}.prices (id, price, units) VALUES (1, 12.5, 7)")
    session.execute(f"INSERT INTO {keyspace}.prices (id, price, units) VALUES (2, 0.001, 8)")
    session.execute(f"INSERT INTO {keyspace}.prices (id) VALUES (3)")
    return keyspace


@pytest.mark.timeout(300)
def test_a_number_that_would_be_rounded_fails_its_table_and_names_the_ways_out(
    ringsync, config, prices, tmp_path
):
    done, tables = sync(
        ringsync, config(prices, decimal_types="prices.price=DECIMAL(10,2)"), tmp_path
    )
    assert done.returncode == 1
    error = tables["prices"]["error"]
    assert error["code"] == "unrepresentable"
    for part in ('column "price"', "token", "DECIMAL(10,2)", "decimal_types", "on_unrepresentable"):
        assert part in error["message"], part
    assert "0.001" not in done.stderr + done.stdout, "row data in a message"


@pytest.mark.timeout(300)
def test_such_a_number_becomes_null_where_the_user_says_so_and_is_counted(
    ringsync, config, prices, tmp_path
):
    configuration = config(
        prices, decimal_types="*.price=DECIMAL(10,2), prices.units=DECIMAL(5,0)",
        on_unrepresentable="null",
    )  # fmt: skip
    done, tables = sync(ringsync, configuration, tmp_path)
    assert done.returncode == 0, done.stderr
    assert tables["prices"]["nulled_values"] == {"price": 1}
    assert done.stderr.count("cannot hold; they become NULL") == 1
    assert "NULLED  prices: 1 values of column price" in done.stdout
    assert read(tmp_path, f'SELECT id, price, units FROM "{prices}".prices ORDER BY id') == [
        (1, decimal.Decimal("12.50"), decimal.Decimal(7)),
        (2, None, decimal.Decimal(8)),
        (3, None, None),
    ]


@pytest.mark.timeout(300)
def test_a_key_that_the_destination_cannot_hold_fails_its_table_whatever_the_choice(
    ringsync, config, keyspace, session, tmp_path
):
    session.execute(f"CREATE TABLE {keyspace}.moments (at timestamp PRIMARY KEY, note text)")
    session.execute(f"INSERT INTO {keyspace}.moments (at, note) VALUES (9223372036854775807, 'x')")
    done, tables = sync(ringsync, config(keyspace, on_unrepresentable="null"), tmp_path)
    assert done.returncode == 1
    assert tables["moments"]["error"]["code"] == "unrepresentable"
    assert "never rounded or left NULL" in tables["moments"]["error"]["message"]


@pytest.mark.every_version
@pytest.mark.timeout(300)
def test_empty_cells_of_types_with_a_fixed_size_are_null_and_empty_text_is_not(
    ringsync, config, keyspace, session, tmp_path
):
    session.execute(
        f"CREATE TABLE {keyspace}.empties (id int PRIMARY KEY, n int, t text, b blob, l list<text>)"
    )
    session.execute(
        f"INSERT INTO {keyspace}.empties (id, n, t, b, l) VALUES (1, blobAsInt(0x), '', 0x, [''])"
    )
    done, _ = sync(ringsync, config(keyspace), tmp_path)
    assert done.returncode == 0, done.stderr
    assert read(tmp_path, f'SELECT n, t, b, l FROM "{keyspace}".empties') == [
        (None, "", b"", '[""]')
    ]


@pytest.mark.every_version
@pytest.mark.timeout(300)
def test_a_type_that_nobody_knows_fails_its_table_by_name_and_no_other(
    ringsync, config, keyspace, session, tmp_path
):
    session.execute(f"CREATE TABLE {keyspace}.odd (id int PRIMARY KEY, shape {UNKNOWN_TYPE})")
    session.execute(f"CREATE TABLE {keyspace}.plain (id int PRIMARY KEY)")
    session.execute(f"INSERT INTO {keyspace}.plain (id) VALUES (1)")
    done, tables = sync(ringsync, config(keyspace), tmp_path)
    assert done.returncode == 1
    assert tables["odd"]["error"]["code"] == "unsupported_type"
    assert 'column "shape"' in tables["odd"]["error"]["message"]
    assert tables["plain"]["outcome"] == "done"


def lists(depth: int) -> str:
    """A CQL type: lists in lists, so many, around an int."""
    return f"list<{'frozen<list<' * (depth - 1)}int{'>>' * (depth - 1)}>"


@pytest.mark.every_version
@pytest.mark.timeout(300)
@pytest.mark.parametrize("form", ["json", "native"])
def test_types_nest_sixty_deep_and_a_table_of_a_deeper_one_fails_by_name(
    ringsync, config, keyspace, session, tmp_path, form
):
    session.execute(f"CREATE TABLE {keyspace}.deep (id int PRIMARY KEY, nest {lists(60)})")
    session.execute(f"CREATE TABLE {keyspace}.deeper (id int PRIMARY KEY, nest {lists(64)})")
    literal = "[" * 60 + "7" + "]" * 60
    session.execute(f"INSERT INTO {keyspace}.deep (id, nest) VALUES (1, {literal})")
    done, tables = sync(ringsync, config(keyspace, nested_types=form), tmp_path)
    assert done.returncode == 1
    assert tables["deeper"]["error"]["code"] == "unsupported_type"
    assert 'column "nest"' in tables["deeper"]["error"]["message"]
    ((found,),) = read(tmp_path, f'SELECT nest FROM "{keyspace}".deep')
    assert (found if form == "json" else json.dumps(found)) == literal
