"""Random rows of every type, written and read back by the cassandra-driver, and compared cell by
cell with what a sync has put into each kind of destination.

RINGSYNC_TEST_ROWS sets the number of rows over all tables, RINGSYNC_TEST_SEED the seed; both are
printed, with the number of cells compared. The types that the server has are found by trying.
"""

import dataclasses
import itertools
import json
import os
import random
from collections.abc import Callable

import cql_values
import offline
import pytest
from cassandra import InvalidRequest
from cassandra.concurrent import execute_concurrent_with_args
from cassandra.protocol import SyntaxException
from cql_session import quoted
from cql_values import SCALARS, CqlType, nested, scalar
from read_back import DuckdbFile, PostgresqlDatabase, Rows, SqliteFile

ROWS = int(os.environ.get("RINGSYNC_TEST_ROWS", "1500"))
SEED = int(os.environ.get("RINGSYNC_TEST_SEED", "20251"))

INT, TEXT, BIGINT = scalar("int"), scalar("text"), scalar("bigint")
NO_KEY = {"duration"}  # of no key and no set
FLOATS = {"float", "double"}

# SQLite has no NaN, PostgreSQL's texts no U+0000 (docs/destinations.md).
NULLED = {"on_unrepresentable": "null"}
Lost = Callable[[CqlType, object], bool]


@dataclasses.dataclass(frozen=True)
class Table:
    """`key` as CQL writes it. The column id, an int of its own for each row, matches rows."""

    name: str
    columns: dict[str, CqlType]
    key: str = "id"
    static: frozenset[str] = frozenset()
    key_columns: frozenset[str] = frozenset()


def has_type(session, keyspace: str, cql_type: str) -> bool:
    try:
        session.execute(f"CREATE TABLE {keyspace}.probe (id int PRIMARY KEY, value {cql_type})")
    except (InvalidRequest, SyntaxException):
        return False
    session.execute(f"DROP TABLE {keyspace}.probe", timeout=60)
    return True


def user_types() -> dict[str, CqlType]:
    """User-defined types by their names in CQL, in the order in which they can be made."""
    address = CqlType("udt", (TEXT, INT, scalar("inet")), "address", ("street", "zip", "Host"))
    person = CqlType(
        "udt",
        (
            address,
            nested("list", address),
            nested("map", TEXT, nested("set", INT)),
            scalar("decimal"),
        ),
        '"Person Type"',
        ("home", 'Älter "Homes"', "🚀 tags", "worth"),
    )
    # Of a vector's element the driver reads names whose bytes in hexadecimal hold a letter only.
    location = CqlType("udt", (scalar("double"), TEXT), "location", ("lon", "label"))
    return {each.name: each for each in (address, person, location)}


def scalar_tables(scalars: list[str]) -> list[Table]:
    collections: dict[str, CqlType] = {"id": INT}
    for kind in scalars:
        each = scalar(kind)
        collections[f"list_{kind}"] = nested("list", each, frozen=False)
        collections[f"of_{kind}"] = nested("map", INT, each, frozen=False)
        if kind in NO_KEY:
            continue
        collections[f"set_{kind}"] = nested("set", each, frozen=False)
        collections[f"by_{kind}"] = nested("map", each, TEXT, frozen=False)
    return [
        Table("scalars", {"id": INT, **{f"a {kind}": scalar(kind) for kind in scalars}}),
        Table("counts", {"id": INT, "Hits": scalar("counter"), "miss es": scalar("counter")}),
        Table("Collections", collections),
    ]


def nested_tables(types: dict[str, CqlType], scalars: list[str]) -> list[Table]:
    address, person = types["address"], types['"Person Type"']
    deep = nested("map", TEXT, nested("list", nested("tuple", INT, nested("set", scalar("uuid")))))
    return [
        Table(
            "Nested_Names",
            {
                "id": INT,
                "SELECT": dataclasses.replace(deep, frozen=False),
                'a "quoted" name': nested("list", nested("list", nested("list", BIGINT))),
                "emoji 🦆": nested("map", nested("tuple", INT, TEXT), nested("map", INT, TEXT)),
                "all": nested("tuple", *(scalar(kind) for kind in scalars)),
                "Keyed": nested(
                    "map", nested("list", INT), nested("set", nested("tuple", TEXT, INT))
                ),
            },
        ),
        Table(
            "people",
            {
                "id": INT,
                "who": person,
                "loose": dataclasses.replace(address, frozen=False),
                "places": nested("map", TEXT, address, frozen=False),
                "many": nested("set", nested("tuple", address, INT), frozen=False),
                "pair": nested("tuple", person, nested("list", person)),
            },
        ),
    ]


def key_tables(types: dict[str, CqlType]) -> list[Table]:
    address = types["address"]
    columns = {
        "region": TEXT,
        "Part key": nested("tuple", INT, nested("list", TEXT)),
        "seen at": scalar("timestamp"),
        "where": address,
        "tags": nested("map", TEXT, nested("set", INT)),
        "id": INT,
        "note": nested("list", TEXT, frozen=False),
        "shared": nested("map", INT, TEXT, frozen=False),
        "weight": scalar("double"),
    }
    keys = ["region", "Part key", "seen at", "where", "tags"]
    key = f"({', '.join(map(quoted, keys[:2]))}), {', '.join(map(quoted, keys[2:]))}"
    return [
        Table("keyed", columns, key, frozenset({"shared"}), frozenset(keys)),
    ]


def vector_table(types: dict[str, CqlType], scalars: list[str]) -> Table:
    columns = {"id": INT, "embedding": nested("vector", scalar("float"), size=8)}
    for kind in scalars:
        columns[f"v_{kind}"] = nested("vector", scalar(kind), size=3)
    columns["grid"] = nested("vector", nested("vector", INT, size=2), size=3)
    columns["texts"] = nested("vector", nested("vector", TEXT, size=2), size=2)
    columns["lists"] = nested("vector", nested("list", TEXT), size=2)
    columns["inside"] = nested("list", nested("vector", scalar("double"), size=2), frozen=False)
    columns["udts"] = nested("vector", types["location"], size=2)
    return Table("vectors", columns)


class Source:
    """Makes the tables, fills them, and reads them back."""

    def __init__(self, session, keyspace: str, rng: random.Random):
        self._session, self._keyspace, self._rng = session, keyspace, rng

    def make_type(self, user_type: CqlType, field_count: int | None = None) -> None:
        fields = list(zip(user_type.fields, user_type.inside, strict=True))[:field_count]
        listed = ", ".join(f"{quoted(name)} {each.cql()}" for name, each in fields)
        self._session.execute(f"CREATE TYPE {self._keyspace}.{user_type.name} ({listed})")

    def make(self, table: Table) -> None:
        listed = ", ".join(
            f"{quoted(name)} {each.cql()}{' STATIC' if name in table.static else ''}"
            for name, each in table.columns.items()
        )
        name = f"{self._keyspace}.{quoted(table.name)}"
        self._session.execute(f"CREATE TABLE {name} ({listed}, PRIMARY KEY ({table.key}))")

    def fill(self, table: Table, first_id: int, row_count: int) -> None:
        columns = table.columns
        if scalar("counter") in columns.values():
            self._count(table, first_id, row_count)
            return
        statement = self._session.prepare(
            f"INSERT INTO {self._keyspace}.{quoted(table.name)}"
            f" ({', '.join(map(quoted, columns))}) VALUES ({', '.join('?' * len(columns))})"
        )
        rows = [self._row(table, first_id + index) for index in range(row_count)]
        execute_concurrent_with_args(self._session, statement, rows, concurrency=32)

    def _count(self, table: Table, first_id: int, row_count: int) -> None:
        counters = [name for name in table.columns if name != "id"]
        for name in counters:
            statement = self._session.prepare(
                f"UPDATE {self._keyspace}.{quoted(table.name)}"
                f" SET {quoted(name)} = {quoted(name)} + ? WHERE id = ?"
            )
            counts = [
                (cql_values.random_value(self._rng, BIGINT), first_id + index)
                for index in range(row_count)
                if self._rng.random() < 0.8 or name == counters[0]
            ]
            execute_concurrent_with_args(self._session, statement, counts, concurrency=32)

    def _row(self, table: Table, row_id: int) -> list:
        keys = table.key_columns
        return [
            row_id if name == "id" else self._value(each, name in keys)
            for name, each in table.columns.items()
        ]

    def _value(self, cql_type: CqlType, is_key: bool) -> object:
        if not is_key and self._rng.random() < 0.15:
            return None
        while True:
            value = cql_values.random_value(self._rng, cql_type, is_key)
            if not is_key or not has_zero_character(
                cql_type, cql_values.canonical(cql_type, value)
            ):
                return value  # keys are never nulled

    def rows(self, table: Table) -> Rows:
        names = list(table.columns)
        read = self._session.execute(
            f"SELECT {', '.join(map(quoted, names))} FROM {self._keyspace}.{quoted(table.name)}"
        )
        found = {}
        for row in read:
            cells = {
                name: cql_values.canonical(table.columns[name], value)
                for name, value in zip(names, row, strict=True)
            }
            found[cells["id"]] = cells
        return found


def compare(table: Table, wanted: Rows, got: Rows) -> int:
    """The number of cells that are equal; the first that is not fails."""
    assert len(got) == len(wanted), f"{table.name}: {len(got)} rows of {len(wanted)}"
    compared = 0
    for row_id, cells in wanted.items():
        found = got[row_id]
        if repr([found[name] for name in cells]) != repr(list(cells.values())):
            for name, value in cells.items():
                assert repr(found[name]) == repr(value), (
                    f"{table.name}, row {row_id}, {name} ({table.columns[name].cql()}):"
                    f" the source has {value!r}, the destination {found[name]!r}"
                )
        compared += len(cells)
    return compared


def check_forms(destination: DuckdbFile, keyspace: str, tables: list[Table], form: str) -> None:
    """Nested columns have the form asked for, and key columns JSON in both."""
    for table in tables:
        types = destination.types(keyspace, table.name)
        for name, cql_type in table.columns.items():
            is_json = bool(cql_type.inside) and (form == "json" or name in table.key_columns)
            assert (types[name] == "JSON") == is_json, f"{table.name}, {name}: {types[name]}"


def is_nan(cql_type: CqlType, cell: object) -> bool:
    nan = cql_values.canonical(cql_type, float("nan")) if cql_type.kind in FLOATS else None
    return cell is not None and cell == nan


def has_zero_character(cql_type: CqlType, cell: object) -> bool:
    """In the text, or in any text of a nested value; `cell` in canonical form."""
    if cell is None or isinstance(cell, str):
        return cell is not None and "\0" in cell
    if cql_type.kind == "map":
        inside = zip(cql_type.inside * len(cell), itertools.chain.from_iterable(cell))
    elif cql_type.kind in ("tuple", "udt"):
        inside = zip(cql_type.inside, cell, strict=True)
    elif cql_type.inside:
        inside = ((cql_type.inside[0], each) for each in cell)
    else:
        return False
    return any(has_zero_character(each, value) for each, value in inside)


def without(lost: Lost, table: Table, rows: Rows) -> tuple[Rows, int]:
    """The rows with NULL for each cell that the destination cannot hold, and how many there are."""
    held = {
        row_id: {
            name: None if lost(table.columns[name], cell) else cell for name, cell in cells.items()
        }
        for row_id, cells in rows.items()
    }
    count = sum(
        lost(table.columns[name], cell) for cells in rows.values() for name, cell in cells.items()
    )
    return held, count


@pytest.fixture
def filled(session, keyspace, request):
    """(keyspace, tables, what the driver reads of each) for tables of every type; of so many rows
    as the parameter says, or ROWS."""
    rows = getattr(request, "param", ROWS)
    rng = random.Random(SEED)
    source = Source(session, keyspace, rng)
    scalars = [kind for kind in SCALARS if has_type(session, keyspace, kind)]
    types = user_types()
    source.make_type(types["address"], field_count=2)
    for name in ('"Person Type"', "location"):
        source.make_type(types[name])
    tables = scalar_tables(scalars) + nested_tables(types, scalars) + key_tables(types)
    if has_type(session, keyspace, "vector<int, 2>"):
        tables.append(vector_table(types, scalars))
    for table in tables:
        source.make(table)
    share = max(-(-rows // len(tables)), 2)
    # Half of the rows know an address without its last field: later readers find it missing.
    short = CqlType("udt", types["address"].inside[:2], "address", types["address"].fields[:2])
    for table in tables:
        source.fill(_with_type(table, types["address"], short), 0, share // 2)
    session.execute(f'ALTER TYPE {keyspace}.address ADD "Host" inet')
    for table in tables:
        source.fill(table, share // 2, share - share // 2)
    return keyspace, tables, {table.name: source.rows(table) for table in tables}


def _with_type(table: Table, old: CqlType, new: CqlType) -> Table:
    def replaced(each: CqlType) -> CqlType:
        if each.name == old.name:
            return dataclasses.replace(new, frozen=each.frozen)
        return dataclasses.replace(each, inside=tuple(map(replaced, each.inside)))

    columns = {name: replaced(each) for name, each in table.columns.items()}
    return dataclasses.replace(table, columns=columns)


@pytest.mark.sanitized
@pytest.mark.every_version
@pytest.mark.timeout(3600)
def test_random_rows_of_every_type_arrive_cell_by_cell(
    ringsync, config, filled, postgresql_server, tmp_path, measured
):
    keyspace, tables, source_rows = filled
    row_count = sum(len(rows) for rows in source_rows.values())
    cell_count = sum(len(rows) * len(t.columns) for t, rows in zip(tables, source_rows.values()))
    assert row_count >= 0.95 * ROWS  # the key of a row may come twice
    told = []
    for title, destination, keys, lost in (
        ("DuckDB, JSON", DuckdbFile(tmp_path / "json.db"), {"nested_types": "json"}, None),
        ("DuckDB, native", DuckdbFile(tmp_path / "native.db"), {"nested_types": "native"}, None),
        ("SQLite", SqliteFile(tmp_path / "rows.sqlite"), NULLED, is_nan),
        ("PostgreSQL", PostgresqlDatabase(postgresql_server), NULLED, has_zero_character),
    ):
        summary = tmp_path / "summary.json"
        done = ringsync.run(
            "sync", "--configuration", config(keyspace, **keys), "--to", destination.argument,
            "--summary-json", summary, env=destination.environment, timeout_s=1800,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        if isinstance(destination, DuckdbFile):
            check_forms(destination, keyspace, tables, keys["nested_types"])
        summaries = {each["name"]: each for each in json.loads(summary.read_text())["tables"]}
        compared = nulled = 0
        for table in tables:
            wanted, lost_here = source_rows[table.name], 0
            if lost is not None:
                wanted, lost_here = without(lost, table, wanted)
            compared += compare(
                table, wanted, destination.rows(keyspace, table.name, table.columns)
            )
            assert sum(summaries[table.name]["nulled_values"].values()) == lost_here, table.name
            nulled += lost_here
        assert compared == cell_count > 0
        told.append(f"{title} {compared}" + (f" ({nulled} of them nulled)" if nulled else ""))
    measured(
        f"seed {SEED}, {len(tables)} tables, {row_count} rows; cells compared and equal:"
        f" {'; '.join(told)}"
    )


@pytest.mark.timeout(600)
@pytest.mark.parametrize("filled", [300], ids=["filled"], indirect=True)
def test_every_type_is_written_to_duckdb_without_a_network_and_no_extension_is_fetched(
    ringsync, config, cassandra, filled, tmp_path, measured
):
    keyspace, tables, source_rows = filled
    home = tmp_path / "home"  # where DuckDB keeps the extensions that it fetches
    home.mkdir()
    compared = 0
    for form in ("json", "native"):
        destination = DuckdbFile(tmp_path / f"{form}.db")
        for _ in range(2):  # the second one merges into what the first one left
            done = offline.run(
                ringsync.program, home, cassandra, "sync", "--configuration",
                config(keyspace, nested_types=form), "--to", destination.argument,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
        check_forms(destination, keyspace, tables, form)
        for table in tables:
            found = destination.rows(keyspace, table.name, table.columns)
            compared += compare(table, source_rows[table.name], found)
    assert list(home.iterdir()) == []
    measured(f"cells compared and equal: {compared}")
