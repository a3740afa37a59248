"""A ring of a single token, on a node of its own: in long runs only, for the time it takes."""

import json
import os

import cql_session
import duckdb
import pytest
from cassandra.concurrent import execute_concurrent_with_args
from nodes import planted_login, tool

__test__ = "RINGSYNC_TEST_HOSTILE_ROWS" in os.environ


@pytest.fixture(scope="module")
def ring_of_one(tmp_path_factory):
    """A node with a single token."""
    directory = tmp_path_factory.mktemp("one-token")
    options = ["--num-tokens", "1", "--light", "--heap", "512m"]
    try:
        started = tool("cassandra.py", "start", "--dir", directory, *options)
        with planted_login(json.loads(started)) as node:
            yield node
    finally:
        tool("cassandra.py", "stop", "--dir", directory)


@pytest.mark.timeout(600)
def test_a_ring_of_one_token_is_read_whole(ringsync, config, ring_of_one, tmp_path):
    keyspace = "ring_of_one"
    rows = [(n, f"note {n}") for n in range(20_000)]
    session = cql_session.connect(ring_of_one)
    try:
        session.execute(
            f"CREATE KEYSPACE {keyspace} WITH replication ="
            f" {{'class': 'NetworkTopologyStrategy', '{ring_of_one['datacenter']}': 1}}"
        )
        session.execute(f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY, note text)")
        insert = session.prepare(f"INSERT INTO {keyspace}.t (id, note) VALUES (?, ?)")
        execute_concurrent_with_args(session, insert, rows, concurrency=32)
        tokens = session.execute("SELECT tokens FROM system.local").one()[0]
        assert len(tokens) == 1
    finally:
        session.cluster.shutdown()
    node = ("port", "username", "password")
    configuration = config(
        keyspace, data_center_region=ring_of_one["datacenter"],
        **{key: str(ring_of_one[key]) for key in node},
    )  # fmt: skip
    done = ringsync.run(
        "sync", "--configuration", configuration, "--to", f"duckdb:{tmp_path / 'w.db'}"
    )
    assert done.returncode == 0, done.stderr
    with duckdb.connect(str(tmp_path / "w.db"), read_only=True) as connection:
        found = connection.execute(f'SELECT id, note FROM "{keyspace}".t ORDER BY id').fetchall()
    assert found == rows
