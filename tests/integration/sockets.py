"""TCP sockets of a process, as the kernel tells: where it listens, and to whom it is connected; and
hosts that are none: one that says nothing, one that nobody may visit, one that passes on."""

import contextlib
import ipaddress
import os
import pathlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

LISTENING = "0A"


def _rows_of(pid: int, table: str) -> Iterator[list[str]]:
    """The fields of those lines of /proc/PID/net/TABLE that are of the process's own sockets."""
    held = set()
    for descriptor in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            held.add(os.readlink(descriptor))
    for line in pathlib.Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
        fields = line.split()
        if f"socket:[{fields[9]}]" in held:
            yield fields


def listening_ports(pid: int) -> set[int]:
    """TCP ports on which a process listens."""
    return {
        int(fields[1].rsplit(":", 1)[1], 16)
        for table in ("tcp", "tcp6")
        for fields in _rows_of(pid, table)
        if fields[3] == LISTENING
    }


def connected_to(pid: int) -> set[str]:
    """IPv4 addresses to which a process has connections."""
    remotes = [bytes.fromhex(fields[2].partition(":")[0]) for fields in _rows_of(pid, "tcp")]
    return {str(ipaddress.IPv4Address(remote[::-1])) for remote in remotes}


@contextlib.contextmanager
def silent_host(**more: str) -> Iterator[dict[str, str]]:
    """A configuration whose host takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        yield {
            "host_1": "127.0.0.1", "port": str(silent.getsockname()[1]), "username": "u",
            "password": "p", "data_center_region": "dc1", "keyspace": "k", **more,
        }  # fmt: skip


@contextlib.contextmanager
def unvisited_port() -> Iterator[str]:
    """A port that listens, to which nobody must have connected by the end of the block."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.3)
        yield str(server.getsockname()[1])
        with pytest.raises(TimeoutError):
            server.accept()


@contextlib.contextmanager
def relayed(listener: socket.socket, host: str, port: int) -> Iterator[Callable[[], bool]]:
    """Passes on to a host what comes to the listening socket; yields whether anything has."""
    sockets = [listener]

    def pass_on(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                inner, outer = listener.accept()[0], socket.create_connection((host, port))
                sockets.extend((inner, outer))
                for pair in ((inner, outer), (outer, inner)):
                    threading.Thread(target=pass_on, args=pair, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield lambda: len(sockets) > 1
    finally:
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
