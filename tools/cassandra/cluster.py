#!/usr/bin/env python3
"""Starts and stops a real cluster on loopback: three nodes in two data centres.

    tools/cassandra/cluster.py start  --dir DIR    prints the cluster as JSON once all are up
    tools/cassandra/cluster.py status --dir DIR    the same, or exit code 3 unless all are running
    tools/cassandra/cluster.py stop   --dir DIR    ends those nodes only

dc1 has 127.0.1.1 and 127.0.1.2, dc2 has 127.0.1.3; the ports are the same on all three, because
system.peers tells drivers addresses only. Each node is one of node.py, in DIR/<address>.
"""

import argparse
import concurrent.futures
import json
import pathlib
import random
import sys
import time

import distribution
import native_protocol
import node

NODES = (("127.0.1.1", "dc1"), ("127.0.1.2", "dc1"), ("127.0.1.3", "dc2"))
# The superuser of Cassandra's own making lies on one node; this role is on all from its beginning.
USERNAME = PASSWORD = "ringsync"
_LOG_IN_STATEMENTS = (
    "ALTER KEYSPACE system_auth WITH replication ="
    " {'class': 'NetworkTopologyStrategy', 'dc1': 2, 'dc2': 1}",
    f"CREATE ROLE IF NOT EXISTS {USERNAME}"
    f" WITH PASSWORD = '{PASSWORD}' AND SUPERUSER = true AND LOGIN = true",
)
_FIRST_RING_DELAY_MS = 100
_JOINER_RING_DELAY_MS = 8000
_NOT_RUNNING = 3


def start(directory: pathlib.Path, version: str, heap: str, timeout_s: float) -> dict:
    """Starts the nodes that are not running; a cluster whose start was cut off is completed."""
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    with node.locked(directory):
        running = status(directory)
        if running:
            return running
        options = _node_options(directory, version, heap, timeout_s)

        def start_node(option: node.Options) -> dict:
            return node.start(directory / option.address, option)

        if (directory / "cluster.json").exists():  # they have joined before
            with concurrent.futures.ThreadPoolExecutor() as threads:
                nodes = list(threads.map(start_node, options))
        else:
            nodes = [start_node(option) for option in options]
        _prepare_log_ins(nodes[0], timeout_s)
        described = _describe(nodes)
        node.write(directory / "cluster.json", json.dumps(described, indent=2) + "\n")
        return described


def _node_options(
    directory: pathlib.Path, version: str, heap: str, timeout_s: float
) -> list[node.Options]:
    native_port, storage_port = _ports(directory)
    return [
        node.Options(
            version=version,
            heap=heap,
            datacenter=datacenter,
            cluster_name="ringsync-two-dcs",
            address=address,
            native_port=native_port,
            storage_port=storage_port,
            seeds=(f"{NODES[0][0]}:{storage_port}",),
            ring_delay_ms=_FIRST_RING_DELAY_MS if address == NODES[0][0] else _JOINER_RING_DELAY_MS,
            timeout_s=timeout_s,
            light=True,
            await_log_in=False,
        )
        for address, datacenter in NODES
    ]


def stop(directory: pathlib.Path, now: bool = False) -> int:
    """Stops the nodes by their own ids; returns how many were running. `now` spares the time that
    they take to leave in order, where nobody needs their data any more."""
    directories = [directory / address for address, _ in NODES]
    patience_s = 0 if now else 60
    with concurrent.futures.ThreadPoolExecutor() as threads:
        return sum(threads.map(lambda each: node.stop(each, patience_s), directories))


def status(directory: pathlib.Path) -> dict | None:
    """The cluster, or None unless it is whole: set up, and every node running."""
    nodes = [node.status(directory / address) for address, _ in NODES]
    if not all(nodes) or not (directory / "cluster.json").exists():
        return None
    return _describe(nodes)


def _describe(nodes: list[dict]) -> dict:
    """As a node's description, with the first node's address and a role known everywhere."""
    return {**nodes[0], "username": USERNAME, "password": PASSWORD, "nodes": nodes}


def _ports(directory: pathlib.Path) -> tuple[int, int]:
    """A native and a storage port free on all addresses; those of before if there are any."""
    for address, _ in NODES:
        known = node.read_description(directory / address)
        if known:
            return known["port"], known["storage_port"]
    free = [
        port
        for port in random.sample(node.PORTS, 200)
        if all(node.is_free(address, port) for address, _ in NODES)
    ]
    if len(free) < 2:
        raise node.NodeError("no two ports are free on all of 127.0.1.1 to 127.0.1.3")
    return free[0], free[1]


def _prepare_log_ins(first: dict, timeout_s: float) -> None:
    """Log-ins and permissions for both data centres, before anything needs them."""
    address = (first["host"], first["port"])
    deadline = time.monotonic() + timeout_s
    while not native_protocol.can_log_in(*address, USERNAME, PASSWORD):
        try:
            for statement in _LOG_IN_STATEMENTS:
                native_protocol.execute(*address, node.USERNAME, node.PASSWORD, statement)
        except (OSError, native_protocol.ServerError) as error:
            # The superuser is made some time after the node answers.
            if time.monotonic() > deadline:
                log = pathlib.Path(first["directory"]) / "system.log"
                raise node.NodeError(f"no role could be made: {error}; read {log}") from error
            time.sleep(0.5)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    start_command = commands.add_parser("start", help="start the cluster, or find it running")
    stop_command = commands.add_parser("stop", help="stop it")
    status_command = commands.add_parser("status", help="describe it where it runs")
    for command in (start_command, stop_command, status_command):
        command.add_argument("--dir", type=pathlib.Path, required=True, help="the nodes' directory")
    stop_command.add_argument("--now", action="store_true", help="at once; writes may be lost")
    start_command.add_argument("--version", default=distribution.DEFAULT_VERSION)
    start_command.add_argument("--heap", default="640m", help="Java's heap of each node")
    start_command.add_argument("--timeout", type=float, default=180, help="seconds for each node")
    return parser


def main() -> int:
    arguments = _parser().parse_args()
    try:
        if arguments.command == "start":
            cluster = start(arguments.dir, arguments.version, arguments.heap, arguments.timeout)
            print(json.dumps(cluster))
            return 0
        if arguments.command == "stop":
            print(f"stopped {stop(arguments.dir, arguments.now)} nodes")
            return 0
        running = status(arguments.dir.resolve())
        if running is None:
            print(f"no whole cluster is running in {arguments.dir}", file=sys.stderr)
            return _NOT_RUNNING
        print(json.dumps(running))
        return 0
    except (node.NodeError, distribution.SetupError, native_protocol.ServerError) as error:
        print(f"cluster.py: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
