#!/usr/bin/env python3
"""Writes tests/fixtures/VERSION: what the built program leaves, for later versions to read.

    tools/write_fixture.py NODE.json [--program build/release/ringsync]

NODE.json describes a running node (cassandra.py). The folder then holds the keyspace as CQL, ids of
tables included, so that a test can make the very same one; a destination of each kind (PostgreSQL's
as a dump) with the state of a sync that ended (`whole`); those of a sync into DuckDB that was
interrupted in the middle of a table (`interrupted`).
"""

import argparse
import contextlib
import gzip
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import cql_session
from cassandra.concurrent import execute_concurrent

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "tests/fixtures"
ROWS = 3000
DURABLE_ROWS_MIN = 1000  # of the interrupted sync

TABLES = [
    "CREATE TABLE {keyspace}.readings (sensor int, at int, note text, updated_at timestamp,"
    " PRIMARY KEY (sensor, at))",
    'CREATE TABLE {keyspace}."OddNames" ("Key ""1""" text PRIMARY KEY, "select" int,'
    " updated_at timestamp)",
    "CREATE TABLE {keyspace}.cities (id int PRIMARY KEY, name text)",
    "CREATE TABLE {keyspace}.everything (id int PRIMARY KEY, c_ascii ascii, c_bigint bigint,"
    " c_blob blob, c_boolean boolean, c_date date, c_decimal decimal, c_double double,"
    " c_duration duration, c_float float, c_inet inet, c_int int, c_smallint smallint, c_text text,"
    " c_time time, c_timestamp timestamp, c_timeuuid timeuuid, c_tinyint tinyint, c_uuid uuid,"
    " c_varint varint, c_list list<int>, c_map frozen<map<text, set<int>>>,"
    " c_tuple tuple<int, text>, updated_at timestamp)",
]
EVERYTHING = (
    "INSERT INTO {keyspace}.everything JSON '{{"
    '"id": 1, "c_ascii": "plain", "c_bigint": -9223372036854775808, "c_blob": "0x00ff",'
    ' "c_boolean": true, "c_date": "1969-12-31", "c_decimal": 12.50, "c_double": 0.1,'
    ' "c_duration": "1mo2d3ns", "c_float": 1.5, "c_inet": "2001:db8::1", "c_int": -1,'
    ' "c_smallint": 7, "c_text": "Zürich", "c_time": "23:59:59.999999999",'
    ' "c_timestamp": "2020-02-29 12:00:00.001Z",'
    ' "c_timeuuid": "50554d6e-29bb-11e5-b345-feff819cdc9f", "c_tinyint": -128,'
    ' "c_uuid": "00000000-0000-0000-0000-00000000000f", "c_varint": 123456789012345678901234567890,'
    ' "c_list": [1, 2], "c_map": {{"a": [3]}}, "c_tuple": [4, "b"],'
    ' "updated_at": "2024-01-01 00:00:00Z"}}\''
)


def rows() -> list[str]:
    statements = [
        "INSERT INTO {keyspace}.readings (sensor, at, note, updated_at)"
        f" VALUES ({row // 50}, {row % 50}, 'note {row}', '2024-01-01 00:00:{row % 60:02}Z')"
        for row in range(ROWS)
    ]
    statements += [
        f"INSERT INTO {{keyspace}}.cities (id, name) VALUES ({city}, 'city {city}')"
        for city in range(20)
    ]
    statements.append(
        'INSERT INTO {keyspace}."OddNames" ("Key ""1""", "select", updated_at)'
        " VALUES ('it''s', 5, '2024-01-01 00:00:00Z')"
    )
    return [*statements, EVERYTHING, "INSERT INTO {keyspace}.everything (id) VALUES (2)"]


def make_keyspace(session: cql_session.Session, keyspace: str, datacenter: str) -> list[str]:
    """Makes it; the statements that make the same one again, with the ids of its tables."""
    session.execute(f"DROP KEYSPACE IF EXISTS {keyspace}", timeout=90)
    session.execute(
        f"CREATE KEYSPACE {keyspace} WITH replication ="
        f" {{'class': 'NetworkTopologyStrategy', '{datacenter}': 1}}"
    )
    statements = []
    for table in TABLES:
        session.execute(table.format(keyspace=keyspace))
        name = re.search(r'keyspace}\."?(\w+)', table)[1]
        found = session.execute(
            "SELECT id FROM system_schema.tables WHERE keyspace_name = %s AND table_name = %s",
            (keyspace, name),
        )
        statements.append(f"{table.format(keyspace=keyspace)} WITH id = {found.one()[0]}")
    inserts = [statement.format(keyspace=keyspace) for statement in rows()]
    execute_concurrent(session, [(statement, ()) for statement in inserts], concurrency=20)
    return [*statements, *inserts]


def write_configuration(node: dict, keyspace: str, file: pathlib.Path) -> None:
    file.write_text(
        json.dumps(
            {
                "host_1": node["host"],
                "port": str(node["port"]),
                "username": node["username"],
                "password": node["password"],
                "data_center_region": node["datacenter"],
                "keyspace": keyspace,
                "page_size": "50",
            }
        )
    )


@contextlib.contextmanager
def postgresql(folder: pathlib.Path) -> Iterator[str]:
    """The address of a server's empty database; afterwards it is dumped into the folder."""
    tool = [sys.executable, ROOT / "tools/postgresql/postgresql.py"]
    # The server's own user must be able to reach it.
    with tempfile.TemporaryDirectory() as home:
        os.chmod(home, 0o755)
        data = pathlib.Path(home) / "server"
        started = subprocess.run(
            [*tool, "start", "--dir", data], capture_output=True, text=True, check=True
        )
        server = json.loads(started.stdout)
        try:
            os.environ["PGPASSWORD"] = server["password"]
            address = f"postgresql://{server['username']}@{server['host']}:{server['port']}"
            yield f"{address}/postgres"
            dump = folder / "whole_postgresql.sql"
            subprocess.run(
                ["pg_dump", "--no-owner", "--no-privileges", "-d", f"{address}/postgres",
                 "-f", dump],
                check=True,
            )  # fmt: skip
            # Only the newest psql knows these commands.
            text = re.sub(r"(?m)^\\(un)?restrict .*\n", "", dump.read_text(encoding="utf-8"))
            dump.write_text(text, encoding="utf-8")
        finally:
            subprocess.run([*tool, "stop", "--dir", data], check=True)


def sync(
    program: pathlib.Path, folder: pathlib.Path, name: str, to: str, interrupted: bool = False
) -> None:
    """Leaves the destination `to` ("duckdb:FILE") and NAME.state.json in `folder`."""
    command = [
        program,
        "sync",
        "--configuration",
        "configuration.json",
        "--to",
        to,
    ]
    command += ["--state", f"{name}.state.json", "--progress", "none", "--log-level", "debug"]
    if interrupted:
        command += ["--tables", "readings", "--commit-rows", "500"]
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
    durable = 0
    for line in process.stderr:
        found = re.search(r"checkpoint \d+: (\d+) rows more, durable$", line)
        durable += int(found[1]) if found else 0
        if interrupted and durable >= DURABLE_ROWS_MIN:
            process.send_signal(signal.SIGINT)
            break
    process.communicate()
    wanted = 130 if interrupted else 0
    if process.returncode != wanted:
        sys.exit(f"write_fixture: the sync ended with {process.returncode}, not {wanted}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("node", type=pathlib.Path)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/ringsync")
    arguments = parser.parse_args()
    told = subprocess.run([arguments.program, "--version"], capture_output=True, text=True)
    version = told.stdout.split()[1]
    target = FIXTURES / version
    keyspace = "fixture_" + version.replace(".", "_")
    node = cql_session.read_node(arguments.node)
    session = cql_session.connect(node)
    try:
        statements = make_keyspace(session, keyspace, node["datacenter"])
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            write_configuration(node, keyspace, folder / "configuration.json")
            program = arguments.program.resolve()
            sync(program, folder, "whole", "duckdb:whole.db")
            sync(program, folder, "whole_sqlite", "sqlite:whole_sqlite.sqlite")
            with postgresql(folder) as address:
                sync(program, folder, "whole_postgresql", address)
            sync(program, folder, "interrupted", "duckdb:interrupted.db", interrupted=True)
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir(parents=True)
            for file in (
                *folder.glob("*.db"), *folder.glob("*.sqlite"), *folder.glob("*.sql"),
                *folder.glob("*.state.json"),
            ):  # fmt: skip
                packed = gzip.compress(file.read_bytes(), mtime=0)
                (target / f"{file.name}.gz").write_bytes(packed)
        cql = "\n".join(statements) + "\n"
        (target / "keyspace.cql.gz").write_bytes(gzip.compress(cql.encode(), mtime=0))
        (target / "version.txt").write_text(told.stdout, encoding="utf-8")
    finally:
        session.execute(f"DROP KEYSPACE IF EXISTS {keyspace}", timeout=90)
        session.cluster.shutdown()
    size = sum(file.stat().st_size for file in target.iterdir())
    print(f"{target.relative_to(ROOT)}: {size:,} bytes")


if __name__ == "__main__":
    main()
