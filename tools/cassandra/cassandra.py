#!/usr/bin/env python3
"""Starts and stops a real Cassandra node on loopback, for tests, demo and benches.

    tools/cassandra/cassandra.py start  --dir DIR    prints the node as JSON once log-ins succeed
    tools/cassandra/cassandra.py status --dir DIR    the same, or exit code 3 when it is not running
    tools/cassandra/cassandra.py stop   --dir DIR    ends that node only

Needs Python's standard library, Java 17 and, the first time, Maven. Call it as a program: as a
module its name would hide the driver's package `cassandra`.
"""

import argparse
import json
import pathlib
import sys

import certificates
import distribution
import node

_NOT_RUNNING = 3


def _parser() -> argparse.ArgumentParser:
    defaults = node.Options()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("start", help="start the node, or find it running")
    stop = commands.add_parser("stop", help="stop the node")
    status = commands.add_parser("status", help="describe the running node")
    for command in (start, stop, status):
        command.add_argument("--dir", type=pathlib.Path, required=True, help="the node's directory")
    start.add_argument(
        "--version",
        default=defaults.version,
        help=f"one of {', '.join(distribution.VERSIONS)}, or a series as 4.1",
    )
    start.add_argument("--heap", default=defaults.heap, help="Java's heap, such as 768m or 1g")
    start.add_argument(
        "--auth",
        action=argparse.BooleanOptionalAction,
        default=defaults.auth,
        help="ask for a user name and password (the default)",
    )
    start.add_argument("--num-tokens", type=int, default=defaults.num_tokens)
    start.add_argument("--dc", default=defaults.datacenter, help="data centre")
    start.add_argument("--rack", default=defaults.rack)
    start.add_argument("--cluster-name", default=defaults.cluster_name)
    start.add_argument("--address", default=defaults.address, help="a loopback address")
    start.add_argument("--native-port", type=int, help="CQL port (default: a free one)")
    start.add_argument("--storage-port", type=int, help="port between nodes (default: a free one)")
    start.add_argument(
        "--seed", action="append", default=[], help="ADDRESS:STORAGE_PORT of a node to join"
    )
    start.add_argument(
        "--ring-delay-ms", type=int, default=defaults.ring_delay_ms, help="8000 to join other nodes"
    )
    start.add_argument(
        "--light", action="store_true", help="cheap to start rather than fast to serve"
    )
    start.add_argument(
        "--tls",
        nargs="?",
        choices=certificates.SHOWN,
        const=certificates.RIGHT,
        help="clients must speak TLS and show a certificate; what the node's own is (right)",
    )
    start.add_argument("--timeout", type=float, default=defaults.timeout_s, help="seconds")
    return parser


def _options(arguments: argparse.Namespace) -> node.Options:
    return node.Options(
        version=arguments.version,
        heap=arguments.heap,
        auth=arguments.auth,
        num_tokens=arguments.num_tokens,
        datacenter=arguments.dc,
        rack=arguments.rack,
        cluster_name=arguments.cluster_name,
        address=arguments.address,
        native_port=arguments.native_port,
        storage_port=arguments.storage_port,
        seeds=tuple(arguments.seed),
        ring_delay_ms=arguments.ring_delay_ms,
        timeout_s=arguments.timeout,
        light=arguments.light,
        tls=arguments.tls,
    )


def main() -> int:
    arguments = _parser().parse_args()
    try:
        if arguments.command == "start":
            print(json.dumps(node.start(arguments.dir, _options(arguments))))
            return 0
        if arguments.command == "stop":
            stopped = node.stop(arguments.dir)
            print("stopped" if stopped else f"no Cassandra is running in {arguments.dir}")
            return 0
        running = node.status(arguments.dir)
        if running is None:
            print(f"no Cassandra is running in {arguments.dir}", file=sys.stderr)
            return _NOT_RUNNING
        print(json.dumps(running))
        return 0
    except (node.NodeError, distribution.SetupError, certificates.CertificateError) as error:
        print(f"cassandra.py: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
