"""The program in a network namespace of its own, whose only interface is loopback. What it may
reach there is one node, at the node's own address and port: a socket that listens inside is handed
out through a Unix socket, and what comes to it is passed on from here.
"""

import os
import pathlib
import socket
import subprocess
import sys

import planted
from sanitizers import SANITIZERS
from sockets import relayed

# Within the namespace: brings loopback up, listens, hands the socket out with the names of all
# interfaces that are up, and becomes the program.
ENTER = """
import fcntl, os, socket, struct, sys
handed_over, host, port = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
GET_FLAGS, SET_FLAGS, UP = 0x8913, 0x8914, 1  # linux/sockios.h, net/if.h
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    fcntl.ioctl(control, SET_FLAGS, struct.pack("16sH22x", b"lo", UP))
    names = [name for _, name in socket.if_nameindex()]
    requests = [struct.pack("16s24x", name.encode()) for name in names]
    answers = [fcntl.ioctl(control, GET_FLAGS, request) for request in requests]
up = [name for name, each in zip(names, answers) if struct.unpack_from("H", each, 16)[0] & UP]
with socket.create_server((host, port)) as listener, socket.socket(fileno=handed_over) as outside:
    socket.send_fds(outside, [" ".join(up).encode()], [listener.fileno()])
os.execv(sys.argv[4], sys.argv[4:])
"""


def run(
    program: pathlib.Path, home: pathlib.Path, node: dict, *arguments: object
) -> subprocess.CompletedProcess:
    """Runs it to its end, with nothing in its environment but this HOME and the path."""
    here, there = socket.socketpair()
    here.settimeout(60)
    command = [
        "unshare", "--net", "--map-root-user", sys.executable, "-c", ENTER, there.fileno(),
        node["host"], node["port"], program, *arguments,
    ]  # fmt: skip
    process = subprocess.Popen(
        [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, pass_fds=[there.fileno()], cwd=home.parent,
        env={"HOME": str(home), "PATH": os.environ["PATH"], **SANITIZERS},
    )  # fmt: skip
    try:
        there.close()
        interfaces, descriptors, _, _ = socket.recv_fds(here, 1024, 1)
        here.close()
        assert interfaces == b"lo", interfaces or process.communicate(timeout=60)
        listener = socket.socket(fileno=descriptors[0])
        with relayed(listener, node["host"], node["port"]) as was_used:
            stdout, stderr = process.communicate(timeout=300)
            assert was_used()
    finally:
        process.kill()
        process.wait(timeout=30)
    planted.WATCH.note(stdout, "standard output of the program without a network")
    planted.WATCH.note(stderr, "standard error of the program without a network")
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)
