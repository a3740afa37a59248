"""Destinations as the tests read them back: the database's own client, canonical cells.

Each destination has the argument of `--to`, the environment that the program needs for it, and
`rows(keyspace, table, columns)`: {id: {column: cell in the form of cql_values.canonical}}, by
another column than `id` where `key` names it; `cells(keyspace, table, columns, where)`: a set of
tuples as the client gives them, for types that are one in all; `drop(keyspace, table)` as its owner
would; `state(keyspace)`: the saved state, None where there is none; `inventory()` tells apart what
is there before and after.
"""

import json
import pathlib
import re
import shutil
import sqlite3
import uuid

import cql_values
import duckdb
import psycopg
from cql_session import quoted
from cql_values import CqlType

Rows = dict[int, dict[str, object]]


class DuckdbFile:
    def __init__(self, path: pathlib.Path, copied_from: "DuckdbFile | None" = None):
        self._path = path
        if copied_from is not None:
            _copy_files(copied_from._path, path)
        self.argument = f"duckdb:{path}"
        self.environment: dict[str, str] = {}

    def inventory(self) -> dict[str, bytes]:
        return _files_of(self._path)

    def _connected(self) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(str(self._path), read_only=True)

    def types(self, keyspace: str, table: str) -> dict[str, str]:
        with self._connected() as connection:
            return self._types(connection, keyspace, table)

    @staticmethod
    def _types(connection: duckdb.DuckDBPyConnection, keyspace: str, table: str) -> dict[str, str]:
        return dict(
            connection.execute(
                "SELECT column_name, data_type FROM duckdb_columns()"
                " WHERE schema_name = ? AND table_name = ?",
                [keyspace, table],
            ).fetchall()
        )

    def rows(self, keyspace: str, table: str, columns: dict[str, CqlType], key: str = "id") -> Rows:
        with self._connected() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            types = self._types(connection, keyspace, table)
            shown = ", ".join(self._readable(name, types[name]) for name in columns)
            cursor = connection.execute(f"SELECT {shown} FROM {quoted(keyspace)}.{quoted(table)}")
            found = {}
            while rows := cursor.fetchmany(1000):
                is_json = [types[name] == "JSON" for name in columns]
                found.update(_by_key(rows, columns, is_json, key))
            return found

    def cells(self, keyspace: str, table: str, columns: list[str], where: str) -> set[tuple]:
        with self._connected() as connection:
            return _cells(connection, f"{quoted(keyspace)}.{quoted(table)}", columns, where)

    def state(self, keyspace: str) -> dict | None:
        with self._connected() as connection:
            return _state(connection, '"_ringsync"."state"', keyspace)

    def drop(self, keyspace: str, table: str) -> None:
        with duckdb.connect(str(self._path)) as connection:
            connection.execute(f"DROP TABLE {quoted(keyspace)}.{quoted(table)}")

    @staticmethod
    def _readable(name: str, type_name: str) -> str:
        # The module's own times end at microseconds: nanoseconds are read as text, at any depth.
        as_text = re.sub(r"\bTIME_NS\b", "VARCHAR", type_name)
        return f"CAST({quoted(name)} AS {as_text})" if as_text != type_name else quoted(name)


class SqliteFile:
    def __init__(self, path: pathlib.Path, copied_from: "SqliteFile | None" = None):
        self._path = path
        if copied_from is not None:
            _copy_files(copied_from._path, path)
        self.argument = f"sqlite:{path}"
        self.environment: dict[str, str] = {}

    def inventory(self) -> dict[str, bytes]:
        return _files_of(self._path)

    def rows(self, keyspace: str, table: str, columns: dict[str, CqlType], key: str = "id") -> Rows:
        del keyspace  # a file holds one
        shown = ", ".join(map(quoted, columns))
        connection = sqlite3.connect(self._path)
        try:
            rows = connection.execute(f"SELECT {shown} FROM {quoted(table)}").fetchall()
        finally:
            connection.close()
        return _by_key(rows, columns, [bool(each.inside) for each in columns.values()], key)

    def cells(self, keyspace: str, table: str, columns: list[str], where: str) -> set[tuple]:
        del keyspace
        connection = sqlite3.connect(self._path)
        try:
            return _cells(connection, quoted(table), columns, where)
        finally:
            connection.close()

    def state(self, keyspace: str) -> dict | None:
        connection = sqlite3.connect(self._path)
        try:
            return _state(connection, '"_ringsync_state"', keyspace)
        finally:
            connection.close()

    def drop(self, keyspace: str, table: str) -> None:
        del keyspace
        connection = sqlite3.connect(self._path)
        try:
            connection.execute(f"DROP TABLE {quoted(table)}")
        finally:
            connection.close()


class PostgresqlDatabase:
    """A new database of a running server, empty or a copy of another."""

    def __init__(self, server: dict, copied_from: "PostgresqlDatabase | None" = None):
        self.server = server
        self.name = f"db_{uuid.uuid4().hex[:12]}"
        template = "" if copied_from is None else f" TEMPLATE {copied_from.name}"
        with self.connect("postgres") as connection:
            connection.autocommit = True
            connection.execute(f"CREATE DATABASE {self.name}{template}")
        self.argument = (
            f"postgresql://{server['username']}@{server['host']}:{server['port']}/{self.name}"
        )
        self.environment = {"PGPASSWORD": server["password"]}

    def connect(self, name: str = "") -> psycopg.Connection:
        return psycopg.connect(
            host=self.server["host"], port=self.server["port"], user=self.server["username"],
            password=self.server["password"], dbname=name or self.name,
            options="-c TimeZone=UTC",
        )  # fmt: skip

    def cells(self, keyspace: str, table: str, columns: list[str], where: str) -> set[tuple]:
        with self.connect() as connection:
            return _cells(connection, f"{quoted(keyspace)}.{quoted(table)}", columns, where)

    def state(self, keyspace: str) -> dict | None:
        with self.connect() as connection:
            return _state(connection, '"_ringsync"."state"', keyspace)

    def drop(self, keyspace: str, table: str) -> None:
        with self.connect() as connection:
            connection.execute(f"DROP TABLE {quoted(keyspace)}.{quoted(table)}")

    def inventory(self) -> dict[str, int]:
        """Schemas, and tables with the bytes of their rows."""
        with self.connect() as connection:
            schemas = connection.execute(
                "SELECT nspname, 0 FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp'"
            ).fetchall()
            tables = connection.execute(
                "SELECT oid::regclass::text, pg_relation_size(oid) FROM pg_class"
                " WHERE relkind = 'r' AND relnamespace <> 'pg_catalog'::regnamespace"
            ).fetchall()
        return dict(schemas) | dict(tables)

    def rows(self, keyspace: str, table: str, columns: dict[str, CqlType], key: str = "id") -> Rows:
        is_json = [bool(each.inside) for each in columns.values()]
        shown = ", ".join(
            quoted(name) + ("::text" if nested else "")  # the client would parse it leniently
            for name, nested in zip(columns, is_json, strict=True)
        )
        with self.connect() as connection:
            rows = connection.execute(
                f"SELECT {shown} FROM {quoted(keyspace)}.{quoted(table)}"
            ).fetchall()
        return _by_key(rows, columns, is_json, key)


def _files_of(path: pathlib.Path) -> dict[str, bytes]:
    """The database's file and what its engine has put beside it."""
    return {file.name: file.read_bytes() for file in path.parent.glob(f"{path.name}*")}


def _copy_files(path: pathlib.Path, to: pathlib.Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        shutil.copyfile(file, to.with_name(to.name + file.name.removeprefix(path.name)))


def _cells(
    connection: duckdb.DuckDBPyConnection | sqlite3.Connection | psycopg.Connection,
    table: str,
    columns: list[str],
    where: str,
) -> set[tuple]:
    """The rows of `table`, which is quoted, as the client gives them."""
    shown = ", ".join(map(quoted, columns))
    return set(connection.execute(f"SELECT {shown} FROM {table} WHERE {where}").fetchall())


# What is said where a table, or its schema, is not made yet.
NOT_MADE = (duckdb.CatalogException, psycopg.errors.UndefinedTable, sqlite3.OperationalError)


def is_not_made(error: Exception) -> bool:
    """True where one of NOT_MADE tells just that."""
    return re.search("does not exist|no such table", str(error)) is not None


def _state(
    connection: duckdb.DuckDBPyConnection | sqlite3.Connection | psycopg.Connection,
    table: str,
    keyspace: str,
) -> dict | None:
    try:
        row = connection.execute(
            f"SELECT state FROM {table} WHERE source = '{keyspace}'"
        ).fetchone()
    except NOT_MADE as missing:
        if not is_not_made(missing):
            raise
        return None
    return None if row is None else json.loads(row[0])


def _by_key(rows: list, columns: dict[str, CqlType], is_json: list[bool], key: str) -> Rows:
    found = {}
    for row in rows:
        cells = {}
        for (name, cql_type), as_json, cell in zip(columns.items(), is_json, row, strict=True):
            parsed = cql_values.parsed_json(cell) if cql_type.inside and as_json else cell
            cells[name] = cql_values.from_destination(cql_type, parsed)
        found[cells[key]] = cells
    return found
