"""How a session comes about: addresses of every kind, and refusals that are told at once."""

import contextlib
import socket
import threading
import time

import pytest

SOURCE = 3


@contextlib.contextmanager
def relayed_from_ipv6(host, port):
    """Passes on what comes to the same port of [::1]; yields whether anything has.

    The same port, because the nodes that the first one names are connected to on the port given.
    """
    listener = socket.create_server(("::1", port), family=socket.AF_INET6)
    sockets = [listener]

    def pass_on(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def accept():
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


@pytest.mark.timeout(60)
@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_a_host_may_be_an_ipv6_address(ringsync, config, cassandra, keyspace, session, host):
    session.execute(f"CREATE TABLE {keyspace}.plain (id int PRIMARY KEY)")
    with relayed_from_ipv6(cassandra["host"], cassandra["port"]) as was_used:
        done = ringsync.run("check", "--configuration", config(keyspace, host_1=host))
        assert done.returncode == 0, done.stderr
        assert was_used()


@pytest.mark.every_version
@pytest.mark.timeout(60)
@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"username": "nobody"}])
def test_a_refused_log_in_ends_at_once_with_its_own_error(ringsync, config, wrong):
    began = time.monotonic()
    done = ringsync.run("check", "--configuration", config("nyc", **wrong))
    assert time.monotonic() - began < 10, "it must not be tried again"
    assert done.returncode == SOURCE
    assert "error[auth]" in done.stderr
    assert "check user and password" in done.stderr
