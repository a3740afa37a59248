"""How a session comes about: addresses of every kind, and refusals that are told at once."""

import socket
import time

import pytest
from sockets import relayed

pytestmark = pytest.mark.sanitized

SOURCE = 3


@pytest.mark.timeout(60)
@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_a_host_may_be_an_ipv6_address(ringsync, config, cassandra, keyspace, session, host):
    session.execute(f"CREATE TABLE {keyspace}.plain (id int PRIMARY KEY)")
    # The same port, because the nodes that the first one names are connected to on the port given.
    listener = socket.create_server(("::1", cassandra["port"]), family=socket.AF_INET6)
    with relayed(listener, cassandra["host"], cassandra["port"]) as was_used:
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
