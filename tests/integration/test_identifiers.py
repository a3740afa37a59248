"""No name becomes CQL or SQL: neither those of columns, types and fields, which a cluster lets be
anything, nor those that a configuration holds. Names arrive in every destination as they are."""

import datetime
import json
import sqlite3
import uuid

import cql_session
import duckdb
import pytest
import read_back
from cql_values import CqlType, nested, scalar
from fake_destination import FakeDestination, normalised

# Each would end a name, a statement or a placeholder of CQL, SQL, JSON or a format, if not quoted.
# Any two of them differ in more than case and signs, which Fivetran takes for one name.
HOSTILE = [
    'a"; DROP TABLE canary; --',
    "b'); DROP TABLE canary; --",
    '"c" int, "c2',
    "d` ]] DROP",
    "e\\\\ \\n \\",
    "f ? $1 :f @f %s %n {} {0} ${HOME}",
    "g\nnew line\tand tab",
    "h /* comment",
    "i 東京 é ‮",
    'j""quoted""twice',
    "select",
    "k" * 63,
]
CURSOR = 'updated"; -- at'
TYPE = 't"; DROP --'

pytestmark = [pytest.mark.sanitized, pytest.mark.timeout(180)]


def quoted(name: str) -> str:
    return cql_session.quoted(name)


@pytest.fixture
def hostile(session, keyspace):
    """`plain` and `"Select"` with those names, one a key; a type and its fields have such too."""
    fields = ", ".join(f"{quoted(name)} text" for name in HOSTILE[:6])
    session.execute(f"CREATE TYPE {keyspace}.{quoted(TYPE)} ({fields})")
    columns = ", ".join(f"{quoted(name)} text" for name in HOSTILE[1:])
    for table in ("plain", '"Select"'):
        session.execute(
            f"CREATE TABLE {keyspace}.{table} (id int, {quoted(HOSTILE[0])} text, {columns},"
            f" {quoted(CURSOR)} timestamp, nested frozen<{quoted(TYPE)}>,"
            f" PRIMARY KEY (id, {quoted(HOSTILE[0])}))"
        )
        for row in range(3):
            write(session, keyspace, table, row)
    return keyspace


def write(session, keyspace, table, row, note="value"):
    names = ", ".join(map(quoted, HOSTILE))
    insert = session.prepare(
        f"INSERT INTO {keyspace}.{table} (id, {names}, {quoted(CURSOR)}, nested)"
        f" VALUES (?{', ?' * (len(HOSTILE) + 2)})"
    )
    values = list(values_of(note).values())
    session.execute(insert, [row, *values, datetime.datetime.now(datetime.UTC), tuple(values[:6])])


def values_of(note: str) -> dict[str, str]:
    """A row's texts; that of the key is always the same."""
    texts = {name: f"{note} of {name} '\"; --" for name in HOSTILE}
    return {**texts, HOSTILE[0]: "key '\"; --"}


def columns_of_table() -> dict[str, CqlType]:
    text = scalar("text")
    udt = nested("udt", *[text] * 6, name="t", fields=tuple(HOSTILE[:6]))
    return {"id": scalar("int"), **dict.fromkeys(HOSTILE, text), "nested": udt}


def expected(note_of_row: dict[int, str]) -> dict:
    rows = {}
    for row, note in note_of_row.items():
        values = values_of(note)
        rows[row] = {"id": row, **values, "nested": [values[name] for name in HOSTILE[:6]]}
    return rows


def make_canary(destination, keyspace):
    """A table that a statement in a name would drop."""
    statement = "CREATE TABLE canary (id INTEGER)"
    if isinstance(destination, read_back.DuckdbFile):
        with duckdb.connect(destination.argument.removeprefix("duckdb:")) as connection:
            connection.execute(statement)
            connection.execute(f"CREATE SCHEMA {keyspace}")
            connection.execute(f"CREATE TABLE {keyspace}.canary (id INTEGER)")
    elif isinstance(destination, read_back.SqliteFile):
        connection = sqlite3.connect(destination.argument.removeprefix("sqlite:"))
        connection.execute(statement)
        connection.commit()
        connection.close()
    else:
        with destination.connect() as connection:
            connection.execute(statement)
            connection.execute(f"CREATE SCHEMA {keyspace}")
            connection.execute(f"CREATE TABLE {keyspace}.canary (id INTEGER)")


def canaries(destination) -> int:
    if isinstance(destination, read_back.DuckdbFile):
        with duckdb.connect(destination.argument.removeprefix("duckdb:")) as connection:
            statement = "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'canary'"
            return connection.execute(statement).fetchone()[0]
    if isinstance(destination, read_back.SqliteFile):
        connection = sqlite3.connect(destination.argument.removeprefix("sqlite:"))
        statement = "SELECT count(*) FROM sqlite_master WHERE name = 'canary'"
        count = connection.execute(statement).fetchone()[0]
        connection.close()
        return count
    with destination.connect() as connection:
        statement = "SELECT count(*) FROM pg_tables WHERE tablename = 'canary'"
        return connection.execute(statement).fetchone()[0]


def test_hostile_names_arrive_as_they_are_in_every_database(
    ringsync, config, hostile, session, every_destination
):
    make_canary(every_destination, hostile)
    before = canaries(every_destination)
    columns = columns_of_table()
    configuration = config(hostile, cursor_column=CURSOR)

    def sync():
        done = ringsync.run(
            "sync", "--configuration", configuration, "--to", every_destination.argument,
            env=every_destination.environment,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    notes = dict.fromkeys(range(3), "value")
    for note in ("value", "changed"):
        for table in ("plain", "Select"):
            write(session, hostile, quoted(table), 1, note)
        sync()
        notes[1] = note
        for table in ("plain", "Select"):
            found = every_destination.rows(hostile, table, columns)
            assert found == {
                row: {name: cells[name] for name in columns}
                for row, cells in expected(notes).items()
            }
    assert canaries(every_destination) == before


def test_hostile_names_reach_fivetran_as_they_are(fivetran, fivetran_configuration, hostile):
    destination = FakeDestination()
    configuration = fivetran_configuration(hostile, cursor_column=CURSOR)
    fivetran.sync(destination, configuration)
    for table in ("plain", "Select"):
        rows = {cells["id"]: cells for cells in destination.tables[table].live().values()}
        assert len(rows) == 3
        for row, want in expected(dict.fromkeys(range(3), "value")).items():
            for name in HOSTILE:
                assert rows[row][name] == want[name], (name, normalised(name))


def test_a_name_with_u0000_fails_its_table_alone(
    ringsync, config, session, keyspace, every_destination
):
    """Cassandra takes such names; SQL and Arrow end a name there."""
    odd, fine = quoted("odd\0name"), quoted("odd")
    session.execute(f"CREATE TABLE {keyspace}.broken (id int PRIMARY KEY, {odd} text)")
    session.execute(f"CREATE TABLE {keyspace}.whole (id int PRIMARY KEY, {fine} text)")
    session.execute(f"INSERT INTO {keyspace}.whole (id, {fine}) VALUES (1, 'a')")
    done = ringsync.run(
        "sync", "--configuration", config(keyspace), "--to", every_destination.argument,
        "--log-format", "text", env=every_destination.environment,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "error[name_collision]" in done.stderr and '."broken"' in done.stderr, done.stderr
    assert 'begins with "odd" has U+0000 in its name' in done.stderr, done.stderr
    columns = {"id": scalar("int"), "odd": scalar("text")}
    assert every_destination.rows(keyspace, "whole", columns) == {1: {"id": 1, "odd": "a"}}


def test_a_name_with_u0000_reaches_fivetran_by_fivetrans_rules(
    fivetran, fivetran_configuration, session, keyspace
):
    odd = quoted("odd\0name")
    session.execute(f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY, {odd} text)")
    session.execute(f"INSERT INTO {keyspace}.t (id, {odd}) VALUES (1, 'a')")
    destination = FakeDestination()
    fivetran.sync(destination, fivetran_configuration(keyspace))
    (cells,) = destination.tables["t"].live().values()
    assert list(cells.values()) == [1, "a"]


def test_names_of_a_configuration_are_no_cql(ringsync, config, hostile, session, tmp_path):
    canary = f"canary_{uuid.uuid4().hex[:8]}"
    session.execute(f"CREATE TABLE {hostile}.{canary} (id int PRIMARY KEY)")
    for key, value in [
        ("keyspace", f"{hostile}'; DROP TABLE {hostile}.{canary}; --"),
        ("keyspace", f'{hostile}"; DROP TABLE {hostile}.{canary}; --'),
        ("cursor_column", f'x" > 0; DROP TABLE {hostile}.{canary}; --'),
        ("data_center_region", f"dc1'; DROP TABLE {hostile}.{canary}; --"),
        ("tables", [f"{canary}; DROP TABLE {hostile}.{canary}"]),
    ]:
        done = ringsync.run(
            "sync", "--configuration", config(**{"keyspace": hostile, key: value}),
            "--to", f"duckdb:{tmp_path / 'w.db'}",
        )  # fmt: skip
        # An unknown cursor column is none: the tables are read in full.
        assert (done.returncode == 0) == (key == "cursor_column"), (key, done.stderr)
    found = session.execute(
        "SELECT table_name FROM system_schema.tables WHERE keyspace_name = %s", [hostile]
    )
    assert canary in {name for (name,) in found}


def test_hostile_names_are_shown_escaped_where_programs_read_them(ringsync, config, hostile):
    done = ringsync.run("discover", "--json", "--configuration", config(hostile))
    assert done.returncode == 0, done.stderr
    listed = json.loads(done.stdout)
    names = {column["name"] for table in listed["tables"] for column in table["columns"]}
    assert set(HOSTILE) < names
