"""Columns that `decimal_types` makes fixed-point numbers, through `ringsync serve` as Fivetran's
own classes read them: precision and scale in Schema, all digits in every cell."""

import decimal
import random

import grpc
import pytest
from fake_destination import FakeDestination

SEED = 4711
MAPPINGS = ("compatible", "lossless")
TYPES = (
    "amounts.total=DECIMAL(18,2), amounts.big=DECIMAL(38,0), amounts.small=DECIMAL(5,5),"
    " keyed.price=DECIMAL(18,2)"
)
# (precision, scale) of each column that is DECIMAL.
SIZES = {
    ("amounts", "total"): (18, 2),
    ("amounts", "big"): (38, 0),
    ("amounts", "small"): (5, 5),
    ("keyed", "price"): (18, 2),
}
NAMED = [  # total, big, small, as text: those that are no cell of random ones
    ("12.34", "12", "0.12345"),
    ("-12.34", "-12", "-0.12345"),
    ("0.00", "0", "0.00000"),
    (None, None, None),
    ("9999999999999999.99", "9" * 38, "0.99999"),
    ("-9999999999999999.99", "-" + "9" * 38, "-0.99999"),
    ("0.01", str(2**63), "0.00001"),
    ("-0.01", str(-(2**63) - 1), "-0.00001"),
]
# What the source writes otherwise, and what must arrive.
REWRITTEN = {"0.5": "0.50", "7": "7.00", "1E+3": "1000.00", "12.3400": "12.34", "-0.0": "0.00"}

pytestmark = pytest.mark.sanitized


def random_cells(rng):
    def number(precision, scale):
        unscaled = rng.randrange(10 ** rng.randint(1, precision)) * rng.choice([1, -1])
        sign, digits = "-" * (unscaled < 0), str(abs(unscaled)).zfill(scale + 1)
        return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else f"{sign}{digits}"

    return number(18, 2), number(38, 0), number(5, 5)


@pytest.fixture
def amounts(session, keyspace):
    """(keyspace, {id: the texts that must arrive}, keys of the table `keyed`)."""
    session.execute(
        f"CREATE TABLE {keyspace}.amounts"
        " (id int PRIMARY KEY, total decimal, big varint, small decimal, other decimal)"
    )
    session.execute(f"CREATE TABLE {keyspace}.keyed (price decimal PRIMARY KEY, note text)")
    rng = random.Random(SEED)
    wanted = dict(enumerate(NAMED + [random_cells(rng) for _ in range(200)]))
    insert = session.prepare(
        f"INSERT INTO {keyspace}.amounts (id, total, big, small, other) VALUES (?, ?, ?, ?, ?)"
    )

    def write(number, total, big, small):
        total, small = (text and decimal.Decimal(text) for text in (total, small))
        session.execute(insert, (number, total, big and int(big), small, decimal.Decimal("0.1")))

    for number, cells in wanted.items():
        write(number, *cells)
    for number, (written, arrives) in enumerate(REWRITTEN.items(), len(wanted)):
        write(number, written, "1", "0.5")
        wanted[number] = (arrives, "1", "0.50000")
    prices = {"-0.05", "3.10", "9999999999999999.99"}
    for price in prices:
        session.execute(f"INSERT INTO {keyspace}.keyed (price, note) VALUES ({price}, 'here')")
    return keyspace, wanted, prices


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_decimal_columns_have_their_parameters_and_every_cell_its_digits(
    fivetran, fivetran_configuration, amounts, measured, mapping
):
    keyspace, wanted, prices = amounts
    configuration = fivetran_configuration(keyspace, decimal_types=TYPES, type_mapping=mapping)
    check_schema(fivetran.schema(configuration), mapping)
    destination = FakeDestination()
    fivetran.sync(destination, configuration)
    rows = destination.tables["amounts"].live().values()
    arrived = {row["id"]: (row["total"], row["big"], row["small"]) for row in rows}
    assert arrived == wanted
    keys = {row["price"] for row in destination.tables["keyed"].live().values()}
    assert keys == prices
    other = 0.1 if mapping == "compatible" else "0.1"
    assert {row["other"] for row in rows} == {other}, "decimals that are not named stay as they are"
    measured(f"{mapping}: {3 * len(wanted)} cells of 3 DECIMAL columns equal, digit by digit")


def check_schema(schema, mapping):
    decimals = {}
    for table in schema.without_schema.tables:
        for column in table.columns:
            if column.params.WhichOneof("params") is not None:
                size = column.params.decimal
                decimals[table.name, column.name] = (size.precision, size.scale)
    assert decimals == SIZES, mapping


def test_a_number_of_more_digits_than_its_column_fails_its_table_or_becomes_null(
    fivetran, fivetran_configuration, session, keyspace
):
    session.execute(f"CREATE TABLE {keyspace}.amounts (id int PRIMARY KEY, total decimal)")
    for number, total in enumerate(["1.005", "10000000000000000.00", "2.50"]):
        session.execute(f"INSERT INTO {keyspace}.amounts (id, total) VALUES ({number}, {total})")
    keys = {"decimal_types": "amounts.total=DECIMAL(18,2)"}
    destination = FakeDestination()
    fivetran.sync(destination, fivetran_configuration(keyspace, **keys, on_unrepresentable="null"))
    rows = destination.tables["amounts"].live().values()
    assert {row["id"]: row["total"] for row in rows} == {0: None, 1: None, 2: "2.50"}
    (warning,) = destination.warnings
    assert "amounts" in warning and "total" in warning
    with pytest.raises(grpc.RpcError) as failed:
        list(fivetran.update(fivetran_configuration(keyspace, **keys)))
    assert "total" in failed.value.details() and "10000000000000000" not in failed.value.details()
