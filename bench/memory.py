"""Peak memory of a sync into nothing: cells of 1 MiB, and 500 tables."""

import os
import pathlib
import statistics
import tempfile

import cql_session
from cassandra.concurrent import execute_concurrent_with_args
from harness import DATA, say, sync

CELL_BYTES = 1 << 20
CELLS = 500
TABLES = 500
TABLE_ROWS = 200


def measure(node: dict, rounds: int) -> dict:
    session = cql_session.connect(node)
    try:
        load_cells(session, node["datacenter"])
        load_tables(session, node["datacenter"])
    finally:
        session.cluster.shutdown()
    runs = []
    shapes = {
        "cells": ("bench_cells", CELLS),
        "tables": ("bench_tables", TABLES * TABLE_ROWS),
    }
    for number in range(rounds):
        for shape, (keyspace, expected) in shapes.items():
            with tempfile.TemporaryDirectory(dir=DATA) as folder:
                figures = sync(node, keyspace, "null:", pathlib.Path(folder), tables="*")
            if figures["rows"] != expected:
                raise SystemExit(f"{keyspace}: {figures['rows']} rows read, not {expected}")
            runs.append({"shape": shape, "round": number, **figures})
            say(f"round {number + 1}, {shape}: {figures['peak_mib']:.0f} MiB")
    return {"runs": runs}


def create_keyspace(session: cql_session.Session, keyspace: str, datacenter: str) -> set[str]:
    """Makes it where there is none; returns its tables."""
    session.execute(
        f"CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication ="
        f" {{'class': 'NetworkTopologyStrategy', '{datacenter}': 1}}"
    )
    tables = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = %s"
    return {row[0] for row in session.execute(tables, [keyspace])}


def load_cells(session: cql_session.Session, datacenter: str) -> None:
    if create_keyspace(session, "bench_cells", datacenter):
        return
    say(f"writing {CELLS} cells of 1 MiB")
    session.execute("CREATE TABLE bench_cells.cells (id int PRIMARY KEY, data blob)")
    insert = session.prepare("INSERT INTO bench_cells.cells (id, data) VALUES (?, ?)")
    for first in range(0, CELLS, 20):
        rows = [(cell, os.urandom(CELL_BYTES)) for cell in range(first, first + 20)]
        cql_session.insert_large(session, insert, rows)


def load_tables(session: cql_session.Session, datacenter: str) -> None:
    names = [f"table_{number:03}" for number in range(TABLES)]
    there = create_keyspace(session, "bench_tables", datacenter)
    if there != set(names):
        say(f"making {TABLES - len(there)} tables")
    for name in names:
        if name in there:
            continue
        session.execute(
            f"CREATE TABLE bench_tables.{name} (id int PRIMARY KEY, name text, value double,"
            " updated_at timestamp)",
            timeout=60,
        )
        insert = session.prepare(
            f"INSERT INTO bench_tables.{name} (id, name, value, updated_at)"
            " VALUES (?, ?, ?, toTimestamp(now()))"
        )
        rows = [(row, f"name of {row}", row / 7) for row in range(TABLE_ROWS)]
        execute_concurrent_with_args(session, insert, rows, concurrency=16)


def report(measured: dict) -> None:
    runs = measured["runs"]
    print("\nPeak memory of `sync --to null:`\n")
    print("| what                        | VmHWM MiB, most | CPU-s | seconds |")
    print("|:--|--:|--:|--:|")
    titles = {
        "cells": f"{CELLS} cells of 1 MiB",
        "tables": f"{TABLES} tables of {TABLE_ROWS} rows",
    }
    for shape, title in titles.items():
        of = [run for run in runs if run["shape"] == shape]
        peak = max(run["peak_mib"] for run in of)
        cpu_s = statistics.median(run["cpu_s"] for run in of)
        wall_s = statistics.median(run["wall_s"] for run in of)
        print(f"| {title:<27} | {peak:>15.0f} | {cpu_s:>5.2f} | {wall_s:>7.2f} |")
