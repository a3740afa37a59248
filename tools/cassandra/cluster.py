#!/usr/bin/env python3
"""Starts and stops a real cluster on loopback: by default three nodes in two data centres.

    tools/cassandra/cluster.py start  --dir DIR    prints the cluster as JSON once all are up
    tools/cassandra/cluster.py add    --dir DIR    has one more node join; prints the cluster
    tools/cassandra/cluster.py status --dir DIR    the same, or exit code 3 unless all are running
    tools/cassandra/cluster.py stop   --dir DIR    ends those nodes only

`start` starts what has ended of a cluster that was there before. The addresses are 127.0.1.1 and
those behind it; the ports are the same on all, because system.peers tells drivers addresses only.
Each node is one of node.py, in DIR/<address>.
"""

import argparse
import concurrent.futures
import contextlib
import dataclasses
import json
import pathlib
import random
import sys
import time
from collections.abc import Sequence

import distribution
import native_protocol
import node

TWO_DATA_CENTRES = ("dc1", "dc1", "dc2")
NODES_MAX = 9
# Cassandra's own first role lies on one node; this one is on all from its beginning. Its password
# is no word that stands elsewhere: tests look for it in all output.
USERNAME, PASSWORD = "ringsync", "nodes-of-loopback-only"
# With all its columns: ALTER makes a role on a node that has missed its CREATE, and a role of which
# a node knows a part ("Invalid metadata has been detected for role") fails what asks for it.
_ROLE = f"{USERNAME} WITH PASSWORD = '{PASSWORD}' AND LOGIN = true AND SUPERUSER = false"
_CREATE_ROLE = f"CREATE ROLE IF NOT EXISTS {_ROLE}"
_WRITE_ROLE = f"ALTER ROLE {_ROLE}"
_RING_DELAY_MS = 100
_JOINER_RING_DELAY_MS = 8000
_NOT_RUNNING = 3


def start(
    directory: pathlib.Path,
    version: str = distribution.DEFAULT_VERSION,
    heap: str = "640m",
    timeout_s: float = 180,
    data_centres: Sequence[str] = TWO_DATA_CENTRES,
) -> dict:
    """Starts the nodes that are not running; a cluster whose start was cut off is completed.

    `data_centres` has one entry a node; a cluster that was there before keeps those it has."""
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    with node.locked(directory):
        running = status(directory)
        if running:
            return running
        noted = _noted(directory)
        if noted:  # they have joined before
            data_centres = [each["datacenter"] for each in noted["nodes"]]
            version, heap = noted["version"], noted["heap"]
        options = _node_options(directory, version, heap, timeout_s, data_centres)
        if noted:
            options = [
                dataclasses.replace(each, ring_delay_ms=_JOINER_RING_DELAY_MS) for each in options
            ]
            nodes = _start_all(directory, options)
        else:
            # The others need one that is there to find each other by.
            nodes = _start_all(directory, options[:1]) + _start_all(directory, options[1:])
        _prepare_log_ins(nodes, timeout_s)
        _await_agreement(nodes, timeout_s)
        _await_role_everywhere(nodes[0], timeout_s)
        return _note(directory, nodes, heap)


def add(directory: pathlib.Path, data_centre: str, timeout_s: float = 180) -> dict:
    """Has one more node join the running cluster, with its share of the data."""
    directory = directory.resolve()
    with node.locked(directory):
        running = status(directory)
        if not running:
            raise node.NodeError(f"no whole cluster is running in {directory}")
        nodes, heap = running["nodes"], running["heap"]
        data_centres = [each["datacenter"] for each in nodes] + [data_centre]
        options = _node_options(directory, running["version"], heap, timeout_s, data_centres)
        seeds = options[0].seeds[: len(nodes)]  # a seed would not ask for data
        joining = dataclasses.replace(
            options[-1], seeds=seeds, ring_delay_ms=_JOINER_RING_DELAY_MS, bootstrap=True
        )
        described = _note(directory, nodes + _start_all(directory, [joining]), heap)
        _await_agreement(described["nodes"], timeout_s)
        return described


def stop(directory: pathlib.Path, now: bool = False) -> int:
    """Stops the nodes by their own ids; returns how many were running. `now` spares the time that
    they take to leave in order, where nobody needs their data any more."""
    directories = [directory / _address(index) for index in range(NODES_MAX)]
    patience_s = 0 if now else 60
    with concurrent.futures.ThreadPoolExecutor() as threads:
        return sum(threads.map(lambda each: node.stop(each, patience_s), directories))


def status(directory: pathlib.Path) -> dict | None:
    """The cluster, or None unless it is whole: set up, and every node running."""
    noted = _noted(directory)
    nodes = [node.status(directory / each["host"]) for each in noted.get("nodes", ())]
    return _describe(nodes, noted["heap"]) if nodes and all(nodes) else None


def _noted(directory: pathlib.Path) -> dict:
    """The cluster as it was described last; empty where none was ever whole."""
    try:
        return json.loads((directory / "cluster.json").read_text())
    except FileNotFoundError:
        return {}


def _address(index: int) -> str:
    return f"127.0.1.{index + 1}"


def _start_all(directory: pathlib.Path, options: Sequence[node.Options]) -> list[dict]:
    with concurrent.futures.ThreadPoolExecutor() as threads:
        started = threads.map(lambda each: node.start(directory / each.address, each), options)
        return list(started)


def _node_options(
    directory: pathlib.Path,
    version: str,
    heap: str,
    timeout_s: float,
    data_centres: Sequence[str],
) -> list[node.Options]:
    native_port, storage_port = _ports(directory)
    seeds = tuple(f"{_address(index)}:{storage_port}" for index in range(len(data_centres)))
    return [
        node.Options(
            version=version,
            heap=heap,
            datacenter=data_centre,
            cluster_name="ringsync-nodes",
            address=_address(index),
            native_port=native_port,
            storage_port=storage_port,
            seeds=seeds,
            ring_delay_ms=_RING_DELAY_MS,
            bootstrap=False,
            timeout_s=timeout_s,
            light=True,
            await_log_in=False,
            # Busy nodes forget for seconds what a role may; permissions are tested on single nodes.
            permissions=False,
        )
        for index, data_centre in enumerate(data_centres)
    ]


def _note(directory: pathlib.Path, nodes: list[dict], heap: str) -> dict:
    described = _describe(nodes, heap)
    node.write(directory / "cluster.json", json.dumps(described, indent=2) + "\n")
    return described


def _describe(nodes: list[dict], heap: str) -> dict:
    """As a node's description, with the first node's address and a role known everywhere."""
    return {**nodes[0], "username": USERNAME, "password": PASSWORD, "heap": heap, "nodes": nodes}


def _ports(directory: pathlib.Path) -> tuple[int, int]:
    """A native and a storage port free on all addresses; those of before if there are any."""
    known = node.read_description(directory / _address(0))
    if known:
        return known["port"], known["storage_port"]
    addresses = [_address(index) for index in range(NODES_MAX)]
    free = [
        port
        for port in random.sample(node.PORTS, 200)
        if all(node.is_free(address, port) for address in addresses)
    ]
    if len(free) < 2:
        raise node.NodeError(f"no two ports are free on all of {addresses[0]} to {addresses[-1]}")
    return free[0], free[1]


def _prepare_log_ins(nodes: list[dict], timeout_s: float) -> None:
    """Log-ins for all data centres, before anything needs them."""
    address = (nodes[0]["host"], nodes[0]["port"])
    centres = [each["datacenter"] for each in nodes]
    replicas = ", ".join(f"'{name}': {centres.count(name)}" for name in dict.fromkeys(centres))
    statements = (
        "ALTER KEYSPACE system_auth WITH replication ="
        f" {{'class': 'NetworkTopologyStrategy', {replicas}}}",
        _CREATE_ROLE,
    )
    deadline = time.monotonic() + timeout_s
    while not native_protocol.can_log_in(*address, USERNAME, PASSWORD):
        try:
            for statement in statements:
                native_protocol.execute(*address, node.USERNAME, node.PASSWORD, statement)
        except (OSError, native_protocol.ServerError) as error:
            # The superuser is made some time after the node answers.
            if time.monotonic() > deadline:
                log = pathlib.Path(nodes[0]["directory"]) / "system.log"
                raise node.NodeError(f"no role could be made: {error}; read {log}") from error
            time.sleep(0.5)
    for each in nodes:
        next_write = time.monotonic() + 1
        while not native_protocol.can_log_in(each["host"], each["port"], USERNAME, PASSWORD):
            if time.monotonic() > deadline:
                raise node.NodeError(f"{each['host']} does not know the role {USERNAME}")
            time.sleep(0.2)
            # It was not among the nodes for the others when the role was made.
            if time.monotonic() > next_write:
                next_write = time.monotonic() + 5
                with contextlib.suppress(OSError, native_protocol.ServerError):
                    native_protocol.execute(*address, node.USERNAME, node.PASSWORD, _WRITE_ROLE)


def _await_agreement(nodes: list[dict], timeout_s: float) -> None:
    """Until each node knows all others and all have one schema: what is created on one of them is
    known to all then, and its replicas are those that there shall be. (Nodes remember each other
    over a restart: it does not tell that they have met again.)"""

    def seen_by(each: dict) -> tuple[bytes, bytes]:
        login = (each["host"], each["port"], USERNAME, PASSWORD)
        peers = native_protocol.select_cell(*login, "SELECT count(*) FROM system.peers", 8)
        schema = native_protocol.select_cell(*login, "SELECT schema_version FROM system.local", 16)
        return peers, schema

    others = (len(nodes) - 1).to_bytes(8, "big")
    deadline = time.monotonic() + timeout_s
    while True:
        with contextlib.suppress(OSError, native_protocol.ServerError):
            seen = {seen_by(each) for each in nodes}
            if len(seen) == 1 and next(iter(seen))[0] == others:
                return
        if time.monotonic() > deadline:
            raise node.NodeError(f"the {len(nodes)} nodes do not know each other and one schema")
        time.sleep(0.2)


def _await_role_everywhere(node_asked: dict, timeout_s: float) -> None:
    """Until every node has the role itself. That each lets it in does not tell: a node that lacks
    it reads it from another, and refuses log-ins once that one is dead. A read of all replicas
    gives it to those that lack it."""
    login = (node_asked["host"], node_asked["port"], USERNAME, PASSWORD)
    query = f"SELECT * FROM system_auth.roles WHERE role = '{USERNAME}'"
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return native_protocol.execute(*login, query, all_replicas=True)
        except (OSError, native_protocol.ServerError) as error:
            if time.monotonic() > deadline:
                raise node.NodeError(f"not all nodes have the role {USERNAME}: {error}") from error
            time.sleep(0.5)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    start_command = commands.add_parser("start", help="start the cluster, or find it running")
    add_command = commands.add_parser("add", help="have one more node join it")
    stop_command = commands.add_parser("stop", help="stop it")
    status_command = commands.add_parser("status", help="describe it where it runs")
    for command in (start_command, add_command, stop_command, status_command):
        command.add_argument("--dir", type=pathlib.Path, required=True, help="the nodes' directory")
    stop_command.add_argument("--now", action="store_true", help="at once; writes may be lost")
    start_command.add_argument("--version", default=distribution.DEFAULT_VERSION)
    start_command.add_argument("--heap", default="640m", help="Java's heap of each node")
    start_command.add_argument(
        "--dc",
        action="append",
        help=f"a node's data centre, once a node (default: {', '.join(TWO_DATA_CENTRES)})",
    )
    add_command.add_argument("--dc", default="dc1", help="the new node's data centre")
    for command in (start_command, add_command):
        command.add_argument("--timeout", type=float, default=180, help="seconds for each node")
    return parser


def _run(arguments: argparse.Namespace) -> int:
    if arguments.command == "start":
        cluster = start(
            arguments.dir,
            arguments.version,
            arguments.heap,
            arguments.timeout,
            arguments.dc or TWO_DATA_CENTRES,
        )
        print(json.dumps(cluster))
    elif arguments.command == "add":
        print(json.dumps(add(arguments.dir, arguments.dc, arguments.timeout)))
    elif arguments.command == "stop":
        print(f"stopped {stop(arguments.dir, arguments.now)} nodes")
    else:
        running = status(arguments.dir.resolve())
        if running is None:
            print(f"no whole cluster is running in {arguments.dir}", file=sys.stderr)
            return _NOT_RUNNING
        print(json.dumps(running))
    return 0


def main() -> int:
    arguments = _parser().parse_args()
    try:
        return _run(arguments)
    except (node.NodeError, distribution.SetupError, native_protocol.ServerError) as error:
        print(f"cluster.py: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
