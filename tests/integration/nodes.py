"""What tests of nodes share: the tools that start and stop them, log-ins, and a table on them."""

import contextlib
import json
import os
import pathlib
import secrets
import subprocess
import sys
from collections.abc import Iterator

import cql_session
import planted
import pytest
from cassandra import ConsistencyLevel
from cassandra.concurrent import execute_concurrent
from cassandra.query import BatchStatement, BatchType

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools" / "cassandra"
TOOL_TIMEOUT_S = 2000  # three nodes of a busy machine, each of which may take 600 s


def tool(name, *arguments):
    """Runs one of tools/cassandra; its standard output. A hang fails with TimeoutExpired."""
    done = subprocess.run(
        [sys.executable, TOOLS / name, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=TOOL_TIMEOUT_S,
    )
    if done.returncode != 0:
        pytest.fail(f"{name} {arguments[0]}: {done.stderr}", pytrace=False)
    return done.stdout


@contextlib.contextmanager
def planted_login(node: dict) -> Iterator[dict]:
    """The node with a log-in of its own, whose password is looked for in all output."""
    password = planted.WATCH.plant(f"Pw-{secrets.token_hex(8)}", "the cluster's password")
    role = f"cassandra_{secrets.token_hex(4)}"

    def execute(statement: str) -> None:
        # A session of its own: tests restart nodes.
        admin = cql_session.connect(node)
        try:
            admin.execute(statement)
        finally:
            admin.cluster.shutdown()

    execute(
        f"CREATE ROLE {role} WITH PASSWORD = '{password}' AND LOGIN = true AND SUPERUSER = true"
    )
    yield {**node, "username": role, "password": password}
    execute(f"DROP ROLE {role}")


@contextlib.contextmanager
def cluster_home(tmp_path_factory: pytest.TempPathFactory, variable: str) -> Iterator[pathlib.Path]:
    """The folder of the running cluster whose JSON the environment variable names, else one for a
    cluster of the tests' own, whose nodes are stopped afterwards."""
    running = os.environ.get(variable)
    if running:
        yield pathlib.Path(json.loads(pathlib.Path(running).read_text())["directory"]).parent
        return
    directory = tmp_path_factory.mktemp("cluster")
    try:
        yield directory
    finally:
        tool("cluster.py", "stop", "--now", "--dir", directory)


def start_cluster(folder: pathlib.Path, *arguments: object) -> dict:
    """A cluster of cluster.py, whole, whose password is looked for in all output."""
    cluster = json.loads(tool("cluster.py", "start", "--dir", folder, *arguments))
    planted.WATCH.plant(cluster["password"], "the nodes' password")
    return cluster


def create_readings(session, keyspace, table="readings"):
    session.execute(
        f"CREATE TABLE {keyspace}.{table} (sensor int, hour int, value text,"
        " PRIMARY KEY (sensor, hour))"
    )


def load_readings(session, keyspace, partitions, rows_each, table="readings", padding=0):
    """Writes rows to all replicas, a batch a partition; `padding` makes them wider."""
    insert = session.prepare(
        f"INSERT INTO {keyspace}.{table} (sensor, hour, value) VALUES (?, ?, ?)"
    )
    batches = []
    for sensor in range(partitions):
        batch = BatchStatement(BatchType.UNLOGGED, consistency_level=ConsistencyLevel.ALL)
        for hour in range(rows_each):
            batch.add(insert, (sensor, hour, f"{sensor} at {hour}" + "." * padding))
        batches.append((batch, ()))
    for result in execute_concurrent(session, batches, concurrency=64):
        assert result.success, result.result_or_exc
