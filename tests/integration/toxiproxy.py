"""Toxiproxy between the program and a node: what lines do to connections, on demand.

The driver connects to a node at the address that the node tells and at the port of the
configuration. A proxy at another port of the node's own address therefore gets all of it.
"""

import contextlib
import dataclasses
import json
import pathlib
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = REPOSITORY / ".deps" / "toxiproxy" / "server"


def free_port(address):
    with socket.socket() as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


@dataclasses.dataclass
class Toxiproxy:
    """A running server with one proxy, `node`."""

    api: str
    port: int  # of the proxy

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.api + path, data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or "null")

    def add(self, kind, direction="downstream", **attributes):
        """A toxic on all connections of now and later; `downstream` is towards the program."""
        body = {
            "name": f"{kind}_{direction}",
            "type": kind,
            "stream": direction,
            "attributes": attributes,
        }
        self.ask("POST", "/proxies/node/toxics", body)

    def remove(self, kind, direction="downstream"):
        self.ask("DELETE", f"/proxies/node/toxics/{kind}_{direction}")

    def change(self, kind, direction="downstream", **attributes):
        path = f"/proxies/node/toxics/{kind}_{direction}"
        self.ask("POST", path, {"attributes": attributes})

    def enable(self, enabled):
        """Off, the proxy closes its connections and refuses others."""
        self.ask("POST", "/proxies/node", {"enabled": enabled})


@contextlib.contextmanager
def running(node, log):
    """A Toxiproxy before the node, stopped with the block."""
    if not PROGRAM.is_file():
        pytest.fail(f"there is no {PROGRAM}; run: tools/setup.sh test", pytrace=False)
    api_port, port = free_port("127.0.0.1"), free_port(node["host"])
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [PROGRAM, "-host", "127.0.0.1", "-port", str(api_port)],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            proxy = Toxiproxy(f"http://127.0.0.1:{api_port}", port)
            proxies = {
                "name": "node",
                "listen": f"{node['host']}:{port}",
                "upstream": f"{node['host']}:{node['port']}",
            }
            deadline = time.monotonic() + 30
            while True:
                try:
                    proxy.ask("POST", "/proxies", proxies)
                    break
                except urllib.error.HTTPError as refusal:
                    pytest.fail(f"toxiproxy: {refusal.read().decode()}", pytrace=False)
                except OSError:
                    assert process.poll() is None and time.monotonic() < deadline, log.read_text()
                    time.sleep(0.05)
            yield proxy
        finally:
            process.kill()
            process.wait()
