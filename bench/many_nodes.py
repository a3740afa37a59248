#!/usr/bin/env python3
"""What one reader of a cluster of very many nodes takes to open its table: seconds, CPU, memory,
connections.

    tools/build_python.sh
    bench/many_nodes.py --node NODE.json [--nodes 1000] [--tokens 256] [--log-in-s SECONDS]
        [--connect-timeout SECONDS]

NODE.json is what `cassandra.py start` printed. Before that one node stand so many loopback
addresses, each of which hands connections on to it; the first of them adds the others to the node's
answer about its peers, each with so many tokens. So the driver sees a cluster of so many nodes, and
connects to each, while one Cassandra answers for all, as quickly as it does; `--log-in-s` holds the
answer to each log-in back for so long, as nodes do that have many to answer. The reader is a
process that opens and reads a table of a thousand rows as a task of Spark does. Prints a line of
JSON.
"""

import argparse
import asyncio
import contextlib
import json
import pathlib
import random
import re
import resource
import socket
import struct
import subprocess
import sys
import time
import uuid
from collections import Counter

# Where cql_session is found, as run.py finds it for its sections.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))

import cql_session  # noqa: E402
from harness import ROOT, cluster  # noqa: E402

HEAD = struct.Struct(">BBhBi")  # version, flags, stream, opcode, length
QUERY, RESULT, PREPARE, EXECUTE = 0x07, 0x08, 0x09, 0x0A
AUTH_SUCCESS = 0x10
RESULT_ROWS, RESULT_PREPARED = 2, 4
PEERS = re.compile(rb"SELECT (.*) FROM system\.peers$")
READER = """
import json, sys, time
import pyarrow
from ringsync import _core
wish = json.load(sys.stdin)
def used():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
before_kib, began, cpu = used(), time.monotonic(), time.process_time()
scan = _core.open_scan(json.dumps(wish), "t", None, None, spark_types=True)
opened_s, opened_cpu_s = time.monotonic() - began, time.process_time() - cpu
opened_kib = used()
parts = scan._parts(1 << 30, 1)
rows = pyarrow.RecordBatchReader.from_stream(scan._of_part(parts[0])).read_all().num_rows
print(json.dumps({
    "open_s": round(opened_s, 2), "open_cpu_s": round(opened_cpu_s, 2),
    "peak_kib_before": before_kib, "peak_kib_opened": opened_kib, "peak_kib": used(),
    "rows": rows}))
"""


def address(number: int) -> str:
    return f"127.2.{number // 250}.{number % 250 + 1}"


class Peers:
    """The answer about the peers, with those that are made up."""

    def __init__(self, count: int, tokens: int, datacenter: str):
        rng = random.Random(42)
        self._rows = [
            {
                b"host_id": uuid.UUID(int=rng.getrandbits(128), version=4).bytes,
                b"rpc_address": socket.inet_aton(address(number)),
                b"data_center": datacenter.encode(),
                b"rack": f"rack{number % 3 + 1}".encode(),
                b"tokens": _texts(str(rng.randint(-(2**63), 2**63 - 1)) for _ in range(tokens)),
            }
            for number in range(1, count)
        ]
        self.size = 0

    def added_to(self, body: bytes, columns: bytes) -> bytes:
        """The result of one node, which has no peers: it ends with the number of its rows."""
        assert body.endswith(bytes(4)), "the node has peers"
        names = [name.strip() for name in columns.split(b",")]
        cells = [_sized(row[name]) for row in self._rows for name in names]
        answer = body[:-4] + struct.pack(">i", len(self._rows)) + b"".join(cells)
        self.size = len(answer)
        return answer


def _sized(value: bytes) -> bytes:
    return struct.pack(">i", len(value)) + value


def _texts(texts) -> bytes:
    sized = [_sized(text.encode()) for text in texts]
    return struct.pack(">i", len(sized)) + b"".join(sized)


class Conversation:
    """A connection to the first node: which requests ask for the peers."""

    def __init__(self, peers: Peers):
        self._peers = peers
        self._columns: dict[int, bytes] = {}  # of requests for peers, by stream
        self._preparing: dict[int, bytes] = {}
        self._prepared: dict[bytes, bytes] = {}

    def asked(self, stream: int, opcode: int, body: bytes) -> None:
        if opcode in (QUERY, PREPARE):
            (length,) = struct.unpack_from(">i", body)
            found = PEERS.match(body[4 : 4 + length])
            if found:
                (self._columns if opcode == QUERY else self._preparing)[stream] = found[1]
        elif opcode == EXECUTE:
            (length,) = struct.unpack_from(">H", body)
            if columns := self._prepared.get(body[2 : 2 + length]):
                self._columns[stream] = columns

    def answered(self, stream: int, opcode: int, body: bytes) -> bytes:
        kind = struct.unpack_from(">i", body)[0] if opcode == RESULT else None
        if kind == RESULT_PREPARED and stream in self._preparing:
            (length,) = struct.unpack_from(">H", body, 4)
            self._prepared[body[6 : 6 + length]] = self._preparing.pop(stream)
        if kind == RESULT_ROWS and stream in self._columns:
            return self._peers.added_to(body, self._columns.pop(stream))
        return body


async def _frames(reader: asyncio.StreamReader):
    while True:
        head = await reader.readexactly(HEAD.size)
        version, flags, stream, opcode, length = HEAD.unpack(head)
        yield version, flags, stream, opcode, await reader.readexactly(length)


async def _requests(reader, writer, talk: Conversation) -> None:
    async for version, flags, stream, opcode, body in _frames(reader):
        talk.asked(stream, opcode, body)
        writer.write(HEAD.pack(version, flags, stream, opcode, len(body)) + body)
        await writer.drain()


async def _answers(reader, writer, talk: Conversation, log_in_s: float) -> None:
    async for version, flags, stream, opcode, body in _frames(reader):
        if opcode == AUTH_SUCCESS:
            await asyncio.sleep(log_in_s)
        body = talk.answered(stream, opcode, body)
        writer.write(HEAD.pack(version, flags, stream, opcode, len(body)) + body)
        await writer.drain()


class Cluster:
    """The addresses, and who has connected to them."""

    def __init__(self, node: dict, wish: argparse.Namespace):
        self.peers = Peers(wish.nodes, wish.tokens, node["datacenter"])
        self.connections = Counter()
        self.port = 0
        self._node, self._nodes, self._log_in_s = node, wish.nodes, wish.log_in_s
        self._servers: list[asyncio.Server] = []

    async def __aenter__(self) -> "Cluster":
        for number in range(self._nodes):
            handler = self._handler(number)
            server = await asyncio.start_server(handler, address(number), self.port)
            self.port = self.port or server.sockets[0].getsockname()[1]
            self._servers.append(server)
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()

    def _handler(self, number: int):
        async def hand_on(reader, writer) -> None:
            self.connections[number] += 1
            talk = Conversation(self.peers)
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                node_reader, node_writer = await asyncio.open_connection(
                    self._node["host"], self._node["port"]
                )
                ways = [
                    asyncio.ensure_future(_requests(reader, node_writer, talk)),
                    asyncio.ensure_future(_answers(node_reader, writer, talk, self._log_in_s)),
                ]
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
                node_writer.close()
            writer.close()

        return hand_on


def _make_table(node: dict) -> str:
    keyspace = "many_nodes"
    session = cql_session.connect(node)
    try:
        session.execute(
            f"CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication ="
            f" {{'class': 'NetworkTopologyStrategy', '{node['datacenter']}': 3}}"
        )
        session.execute(f"CREATE TABLE IF NOT EXISTS {keyspace}.t (id int PRIMARY KEY)")
        insert = session.prepare(f"INSERT INTO {keyspace}.t (id) VALUES (?)")
        insert.consistency_level = 1
        for row in range(1000):
            session.execute(insert, [row])
    finally:
        session.cluster.shutdown()
    return keyspace


async def _measure(node: dict, wish: argparse.Namespace) -> dict:
    async with Cluster(node, wish) as made_up:
        keys = cluster(node, _make_table(node)) | {
            "host_1": address(0),
            "port": made_up.port,
            "connect_timeout_seconds": wish.connect_timeout,
            "consistency": "LOCAL_ONE",
            "max_in_flight": 2,
        }
        reader = await asyncio.create_subprocess_exec(
            sys.executable, "-c", READER, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={"PYTHONPATH": str(ROOT / "build/python/package")},
        )  # fmt: skip
        began = time.monotonic()
        told, _ = await reader.communicate(
            json.dumps({k: str(v) for k, v in keys.items()}).encode()
        )
        if reader.returncode != 0:
            raise SystemExit(f"the reader failed after {time.monotonic() - began:.1f} s; see above")
        return {
            "nodes": wish.nodes,
            "tokens": wish.tokens,
            "peers_bytes": made_up.peers.size,
            "connections": sum(made_up.connections.values()),
            "nodes_connected": len(made_up.connections),
            **json.loads(told),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--node", type=pathlib.Path, required=True)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--log-in-s", type=float, default=0)
    parser.add_argument("--connect-timeout", type=int, default=5)
    wish = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    node = cql_session.read_node(wish.node)
    print(json.dumps(asyncio.run(_measure(node, wish))))


if __name__ == "__main__":
    main()
