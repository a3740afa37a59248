"""Values past every range and names of every kind, into every destination. docs/limits.md has a row
for each."""

import decimal
import json
import math

import duckdb
import pytest
from cql_session import quoted
from cql_values import CqlType, scalar
from fake_destination import FakeDestination
from read_back import DuckdbFile, PostgresqlDatabase, SqliteFile

pytestmark = pytest.mark.sanitized

BIGINT_MIN, BIGINT_MAX = -(2**63), 2**63 - 1
DIGITS = 1000
VARINTS = {1: int("9" * DIGITS), 2: -int("8" * DIGITS), 3: 0}

# id: (CQL of a timestamp, CQL of a date): milliseconds; days, of which 2^31 is 1970-01-01.
MOMENTS = {
    1: (f"{BIGINT_MIN}", "0"),
    2: (f"{BIGINT_MAX}", "4294967295"),
    3: ("253402300800000", "2150416545"),  # a day past the year 9999
    4: ("-62167219200001", "2146764119"),  # before the year 0
    5: ("0", "2147483648"),
}
# Which ids are in the range of each destination (docs/destinations.md, docs/types.md).
HELD = {
    DuckdbFile: ({3, 4, 5}, {3, 4, 5}),
    SqliteFile: ({5}, {5}),
    PostgresqlDatabase: ({3, 4, 5}, {3, 4, 5}),
}
FIVETRAN_HELD = {5}


@pytest.fixture
def sync(ringsync, every_destination, tmp_path):
    """sync(configuration): (exit code, log, tables of the summary by name)."""

    def run(configuration):
        summary = tmp_path / "summary.json"
        done = ringsync.run(
            "sync", "--configuration", configuration, "--to", every_destination.argument,
            "--summary-json", summary, env=every_destination.environment,
        )  # fmt: skip
        tables = json.loads(summary.read_text())["tables"] if summary.exists() else []
        return done.returncode, done.stderr, {table["name"]: table for table in tables}

    return run


@pytest.fixture
def moments(keyspace, session):
    session.execute(
        f'CREATE TABLE {keyspace}.moments (id int PRIMARY KEY, "at" timestamp, "on" date)'
    )
    for row_id, (at, on) in MOMENTS.items():
        session.execute(
            f'INSERT INTO {keyspace}.moments (id, "at", "on") VALUES ({row_id}, {at}, {on})'
        )
    return keyspace


@pytest.mark.timeout(180)
def test_times_past_a_destinations_range_fail_their_table_or_become_null_and_are_counted(
    sync, every_destination, config, moments
):
    code, log, tables = sync(config(moments))
    assert code == 1
    error = tables["moments"]["error"]
    assert error["code"] == "unrepresentable"
    assert "token" in error["message"] and "on_unrepresentable" in error["message"]
    assert str(BIGINT_MAX) not in log, "row data in a message"

    code, log, tables = sync(config(moments, on_unrepresentable="null"))
    assert code == 0, log
    times, dates = HELD[type(every_destination)]
    lost = {"at": len(MOMENTS) - len(times), "on": len(MOMENTS) - len(dates)}
    assert tables["moments"]["nulled_values"] == lost
    found = null_cells(every_destination, moments)
    assert found == {row_id: (row_id not in times, row_id not in dates) for row_id in MOMENTS}


def null_cells(destination, keyspace):
    """{id: whether each cell is NULL}; times past year 9999 are beyond Python's own."""
    sql = 'SELECT id, "at" IS NULL, "on" IS NULL FROM '
    if isinstance(destination, PostgresqlDatabase):
        with destination.connect() as connection:
            rows = connection.execute(f'{sql} "{keyspace}".moments').fetchall()
    elif isinstance(destination, DuckdbFile):
        with duckdb.connect(destination.argument.partition(":")[2], read_only=True) as connection:
            rows = connection.execute(f'{sql} "{keyspace}".moments').fetchall()
    else:
        types = {"id": scalar("int"), "at": scalar("timestamp"), "on": scalar("date")}
        found = destination.rows(keyspace, "moments", types)
        rows = [(key, row["at"] is None, row["on"] is None) for key, row in found.items()]
    return {row_id: (bool(at), bool(on)) for row_id, at, on in rows}


@pytest.mark.timeout(180)
def test_the_sign_of_a_zero_is_kept_where_the_destination_tells_it(
    sync, every_destination, config, keyspace, session
):
    """Of a column that holds no 0.0 (`alone`), and of one that does (`mixed`), in both sizes."""
    session.execute(
        f"CREATE TABLE {keyspace}.zeros (id int PRIMARY KEY, alone double, mixed double,"
        " alone_float float, mixed_float float)"
    )
    insert = session.prepare(f"INSERT INTO {keyspace}.zeros JSON ?")
    for row_id in range(20):
        mixed = "-0.0" if row_id % 2 else "0.0"
        session.execute(insert, [f'''{{"id": {row_id}, "alone": -0.0, "mixed": {mixed},
            "alone_float": -0.0, "mixed_float": {mixed}}}'''])  # fmt: skip
    (sent,) = session.execute(f"SELECT alone, mixed_float FROM {keyspace}.zeros WHERE id = 1")
    assert [math.copysign(1, cell) for cell in sent] == [-1, -1], "the source has them"

    code, log, _ = sync(config(keyspace))
    assert code == 0, log
    for column in ("alone", "mixed", "alone_float", "mixed_float"):
        found = every_destination.cells(keyspace, "zeros", ["id", column], "true")
        assert len(found) == 20 and all(cell == 0.0 for _, cell in found)
        negative = {row_id for row_id, cell in found if math.copysign(1, cell) < 0}
        sent_negative = set(range(20)) if "alone" in column else set(range(1, 20, 2))
        if isinstance(every_destination, SqliteFile):
            assert negative == set()
        elif isinstance(every_destination, DuckdbFile) and "mixed" in column:
            assert negative in (set(), set(range(20))), "all are stored as the same zero"
        else:
            assert negative == sent_negative, column


@pytest.mark.timeout(180)
def test_times_past_fivetrans_range_become_null_where_the_user_says_so(
    fivetran, fivetran_configuration, moments
):
    destination = FakeDestination()
    fivetran.sync(destination, fivetran_configuration(moments, on_unrepresentable="null"))
    rows = {cells["id"]: cells for cells in destination.tables["moments"].live().values()}
    for column in ("at", "on"):
        held = {row_id for row_id, cells in rows.items() if cells[column] is not None}
        assert held == FIVETRAN_HELD, column
    assert any("moments" in warning for warning in destination.warnings)


@pytest.fixture
def numbers(keyspace, session):
    session.execute(f"CREATE TABLE {keyspace}.numbers (id int PRIMARY KEY, n varint, d decimal)")
    insert = session.prepare(f"INSERT INTO {keyspace}.numbers (id, n, d) VALUES (?, ?, ?)")
    for row_id, number in VARINTS.items():
        session.execute(insert, (row_id, number, decimal.Decimal(f"{number}.5")))
    return keyspace


@pytest.mark.timeout(180)
def test_numbers_of_a_thousand_digits_arrive_digit_by_digit(
    sync, every_destination, config, numbers
):
    code, log, _ = sync(config(numbers))
    assert code == 0, log
    types = {"id": scalar("int"), "n": scalar("text"), "d": scalar("text")}
    found = every_destination.rows(numbers, "numbers", types)
    assert {key: (row["n"], row["d"]) for key, row in found.items()} == {
        row_id: (str(number), f"{number}.5") for row_id, number in VARINTS.items()
    }


@pytest.mark.timeout(180)
def test_numbers_of_a_thousand_digits_reach_fivetran_as_text_or_not_at_all(
    fivetran, fivetran_configuration, numbers
):
    exact = FakeDestination()
    fivetran.sync(exact, fivetran_configuration(numbers, type_mapping="lossless"))
    found = {cells["id"]: cells["n"] for cells in exact.tables["numbers"].live().values()}
    assert found == {row_id: str(number) for row_id, number in VARINTS.items()}
    nulled = FakeDestination()
    fivetran.sync(nulled, fivetran_configuration(numbers, on_unrepresentable="null"))
    found = {cells["id"]: cells["n"] for cells in nulled.tables["numbers"].live().values()}
    assert found == {1: None, 2: None, 3: 0}


LONG_NAME = "t" * 48
NAMES = ['a "quoted" one', "with space", "emoji 🦆", "semi;colon -- drop", "per%cent ? $1", "ß東"]


@pytest.mark.timeout(180)
def test_names_of_every_kind_and_a_table_name_of_48_characters_arrive(
    sync, every_destination, config, keyspace, session
):
    fields = ", ".join(f"{quoted(name)} int" for name in NAMES)
    session.execute(f'CREATE TYPE {keyspace}."Odd Type" ({fields})')
    session.execute(
        f"CREATE TABLE {keyspace}.{LONG_NAME} (id int PRIMARY KEY, {fields},"
        ' "in it" frozen<"Odd Type">)'
    )
    columns = ", ".join(map(quoted, NAMES))
    values = ", ".join(str(number) for number, _ in enumerate(NAMES))
    inside = ", ".join(f"{quoted(name)}: {number}" for number, name in enumerate(NAMES))
    session.execute(
        f'INSERT INTO {keyspace}.{LONG_NAME} (id, {columns}, "in it")'
        f" VALUES (1, {values}, {{{inside}}})"
    )
    code, log, _ = sync(config(keyspace))
    assert code == 0, log
    types = {"id": scalar("int"), **{name: scalar("int") for name in NAMES}}
    types["in it"] = CqlType("udt", (scalar("int"),) * len(NAMES), fields=tuple(NAMES))
    found = every_destination.rows(keyspace, LONG_NAME, types)[1]
    assert [found[name] for name in NAMES] == list(range(len(NAMES)))
    assert found["in it"] == list(range(len(NAMES)))


@pytest.mark.timeout(180)
def test_names_that_differ_only_in_case_are_two_or_fail_their_table_by_name(
    sync, every_destination, config, keyspace, session
):
    session.execute(f'CREATE TABLE {keyspace}."Orders" (id int PRIMARY KEY, v text)')
    session.execute(f"CREATE TABLE {keyspace}.orders (id int PRIMARY KEY, v text)")
    session.execute(f'CREATE TABLE {keyspace}.columns (id int PRIMARY KEY, v text, "V" text)')
    for table in ('"Orders"', "orders", "columns"):
        session.execute(f"INSERT INTO {keyspace}.{table} (id, v) VALUES (1, '{len(table)}')")
    code, log, tables = sync(config(keyspace))
    outcomes = {name: table["outcome"] for name, table in tables.items()}
    if isinstance(every_destination, PostgresqlDatabase):
        assert (code, set(outcomes.values())) == (0, {"done"}), log
        types = {"id": scalar("int"), "v": scalar("text")}
        assert every_destination.rows(keyspace, "Orders", types)[1]["v"] == "8"
        assert every_destination.rows(keyspace, "orders", types)[1]["v"] == "6"
        return
    assert code == 1
    assert outcomes == {"Orders": "done", "orders": "failed", "columns": "failed"}
    for name in ("orders", "columns"):
        assert tables[name]["error"]["code"] == "name_collision"
    assert "Orders" in tables["orders"]["error"]["message"]


@pytest.mark.timeout(180)
def test_names_that_fivetran_takes_for_one_end_the_sync_before_its_first_row(
    fivetran, fivetran_configuration, keyspace, session
):
    session.execute(f'CREATE TABLE {keyspace}."Orders" (id int PRIMARY KEY)')
    session.execute(f"CREATE TABLE {keyspace}.orders (id int PRIMARY KEY)")
    responses = fivetran.update(fivetran_configuration(keyspace))
    with pytest.raises(Exception, match="name_collision"):
        list(responses)
