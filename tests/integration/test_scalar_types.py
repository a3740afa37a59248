"""Every scalar CQL type, its nulls and its extremes, cell by cell from the driver to DuckDB."""

import datetime
import decimal
import ipaddress
import uuid

import checksum
import duckdb
import pytest
from cassandra.util import Date, Duration, Time

pytestmark = [pytest.mark.sanitized, pytest.mark.every_version]
UTC = datetime.UTC
TYPE_1 = uuid.UUID("50554d6e-29bb-11e5-b345-feff819cdc9f")

# CQL type: (type in DuckDB, [(value to write, value to find)])
CASES = {
    "ascii": ("VARCHAR", [("", ""), ("plain", "plain")]),
    "text": ("VARCHAR", [("", ""), ("Zürich 東京 🚀\n\t\"'\\", "Zürich 東京 🚀\n\t\"'\\")]),
    "varchar": ("VARCHAR", [("x" * 100_000, "x" * 100_000)]),
    "tinyint": ("TINYINT", [(-128, -128), (0, 0), (127, 127)]),
    "smallint": ("SMALLINT", [(-32768, -32768), (32767, 32767)]),
    "int": ("INTEGER", [(-(2**31), -(2**31)), (2**31 - 1, 2**31 - 1)]),
    "bigint": ("BIGINT", [(-(2**63), -(2**63)), (2**63 - 1, 2**63 - 1)]),
    "varint": (
        "VARCHAR",
        [(0, "0"), (-1, "-1"), (128, "128"), (-129, "-129"), (10**40 + 7, str(10**40 + 7))],
    ),
    "decimal": (
        "VARCHAR",
        [
            (decimal.Decimal("0"), "0"),
            (decimal.Decimal("-0.005"), "-0.005"),
            (decimal.Decimal("123456789012345678901234567890.10"),
             "123456789012345678901234567890.10"),
            (decimal.Decimal("1E+3"), "1000"),
        ],
    ),
    "float": ("FLOAT", [(1.5, 1.5), (float("inf"), float("inf")), (-0.0, -0.0)]),
    "double": ("DOUBLE", [(1e308, 1e308), (-float("inf"), -float("inf")), (0.1, 0.1)]),
    "boolean": ("BOOLEAN", [(True, True), (False, False)]),
    "timestamp": (
        "TIMESTAMP WITH TIME ZONE",
        [
            (datetime.datetime(1970, 1, 1), datetime.datetime(1970, 1, 1, tzinfo=UTC)),
            (datetime.datetime(1, 1, 1, 0, 0, 0, 1000),
             datetime.datetime(1, 1, 1, 0, 0, 0, 1000, tzinfo=UTC)),
            (datetime.datetime(2038, 1, 19, 3, 14, 8, 123000),
             datetime.datetime(2038, 1, 19, 3, 14, 8, 123000, tzinfo=UTC)),
        ],
    ),
    "date": (
        "DATE",
        [
            (Date("1970-01-01"), datetime.date(1970, 1, 1)),
            (Date("0001-01-01"), datetime.date(1, 1, 1)),
            (Date("9999-12-31"), datetime.date(9999, 12, 31)),
        ],
    ),
    "time": (
        None,  # TIME_NS or VARCHAR: compared as text with nine digits
        [(Time(0), "00:00:00.000000000"), (Time(86_399_999_999_999), "23:59:59.999999999")],
    ),
    "uuid": ("UUID", [(uuid.UUID(int=0), uuid.UUID(int=0)), (uuid.UUID(int=2**128 - 1),) * 2]),
    "timeuuid": ("UUID", [(TYPE_1, TYPE_1)]),
    "inet": (
        "VARCHAR",
        [("192.168.0.1", "192.168.0.1"), ("2001:db8::1", "2001:db8::1"), ("::", "::")],
    ),
    "duration": (
        "VARCHAR",
        [(Duration(0, 0, 0), Duration(0, 0, 0)), (Duration(14, 3, 5_000_000_007),) * 2,
         (Duration(-1, -2, -3),) * 2],
    ),
    "blob": ("BLOB", [(b"", b""), (bytes(range(256)), bytes(range(256)))]),
}  # fmt: skip


@pytest.fixture
def loaded(keyspace, session):
    """A table with a column of each type: a row for each value, and one of nulls."""
    columns = ", ".join(f'"c_{name}" {name}' for name in CASES)
    session.execute(f"CREATE TABLE {keyspace}.everything (id text PRIMARY KEY, {columns})")
    session.execute(f"INSERT INTO {keyspace}.everything (id) VALUES ('nulls')")
    for name, (_, values) in CASES.items():
        statement = session.prepare(
            f'INSERT INTO {keyspace}.everything (id, "c_{name}") VALUES (?, ?)'
        )
        for index, (written, _) in enumerate(values):
            session.execute(statement, (f"{name} {index}", written))
    return keyspace


@pytest.mark.timeout(300)
def test_every_scalar_type_arrives_with_its_extremes_and_nulls(ringsync, config, loaded, tmp_path):
    database = tmp_path / "warehouse.db"
    done = ringsync.run("sync", "--configuration", config(loaded), "--to", f"duckdb:{database}")
    assert done.returncode == 0, done.stderr
    compared = 0
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        types = dict(
            connection.execute(
                "SELECT column_name, data_type FROM information_schema.columns"
                " WHERE table_schema = ?",
                [loaded],
            ).fetchall()
        )
        for name, (type_name, values) in CASES.items():
            column = f"c_{name}"
            if type_name is not None:
                assert types[column] == type_name
            shown = f'CAST("{column}" AS VARCHAR)' if name == "time" else f'"{column}"'
            found = dict(
                connection.execute(f'SELECT id, {shown} FROM "{loaded}".everything').fetchall()
            )
            for index, (_, wanted) in enumerate(values):
                got = found.pop(f"{name} {index}")
                assert normal(name, got) == normal(name, wanted), f"{name} {index}"
                compared += 1
            assert set(found.values()) == {None}, f"{name}: cells never written are not null"
            compared += len(found)
    assert compared == len(CASES) * (1 + sum(len(values) for _, values in CASES.values()))


def normal(name, value):
    """Values in a form in which spelling does not matter."""
    if name == "inet":
        return ipaddress.ip_address(value)
    if name in ("duration", "time"):
        return checksum.canonical(value, name)
    if name in ("float", "double"):
        return repr(value)
    return value


@pytest.mark.timeout(300)
def test_counters_and_statics_arrive_and_partitions_without_rows_are_reported(
    ringsync, config, keyspace, session, tmp_path
):
    session.execute(f"CREATE TABLE {keyspace}.hits (page text PRIMARY KEY, views counter)")
    session.execute(f"UPDATE {keyspace}.hits SET views = views + 41 WHERE page = 'home'")
    session.execute(
        f"CREATE TABLE {keyspace}.carts (owner text, item int, name text static, amount int,"
        " PRIMARY KEY (owner, item))"
    )
    session.execute(f"INSERT INTO {keyspace}.carts (owner, item, amount) VALUES ('a', 1, 5)")
    session.execute(f"INSERT INTO {keyspace}.carts (owner, item, amount) VALUES ('a', 2, 6)")
    session.execute(f"INSERT INTO {keyspace}.carts (owner, name) VALUES ('a', 'Ada')")
    session.execute(f"INSERT INTO {keyspace}.carts (owner, name) VALUES ('b', 'nobody')")
    database, summary = tmp_path / "warehouse.db", tmp_path / "summary.json"
    done = ringsync.run(
        "sync", "--configuration", config(keyspace), "--to", f"duckdb:{database}",
        "--summary-json", summary,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "1 partitions hold static columns only" in done.stderr
    with duckdb.connect(str(database), read_only=True) as connection:
        assert connection.execute(f'SELECT page, views FROM "{keyspace}".hits').fetchall() == [
            ("home", 41)
        ]
        carts = connection.execute(
            f'SELECT owner, item, name, amount FROM "{keyspace}".carts ORDER BY item'
        ).fetchall()
    assert carts == [("a", 1, "Ada", 5), ("a", 2, "Ada", 6)]


@pytest.mark.timeout(300)
def test_a_value_that_the_destination_cannot_hold_fails_its_table_and_tells_the_token(
    ringsync, config, keyspace, session, tmp_path
):
    session.execute(f"CREATE TABLE {keyspace}.moments (id text PRIMARY KEY, at timestamp)")
    session.execute(
        f"INSERT INTO {keyspace}.moments (id, at) VALUES ('sensitive-key', 9223372036854775807)"
    )
    token = session.execute(f"SELECT token(id) FROM {keyspace}.moments").one()[0]
    done = ringsync.run(
        "sync", "--configuration", config(keyspace), "--to", f"duckdb:{tmp_path / 'w.db'}"
    )
    assert done.returncode not in (0, 2)
    assert "moments" in done.stderr and '"at"' in done.stderr.replace("column at", '"at"')
    assert str(token) in done.stderr
    assert "sensitive-key" not in done.stderr + done.stdout
