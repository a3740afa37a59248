"""Servers killed at moments spread over all of an Update call: the next one goes on."""

import itertools
import threading
import time

import grpc
import pytest
from crashes import BOUNDS, TIMEOUT_S, Crashes, changed_shop
from fake_destination import FakeDestination
from fivetran_client import Client, Server
from shop import arrived_in_memory

pytestmark = pytest.mark.sanitized


def start(ringsync):
    return Server(ringsync.program, ringsync.folder)


def whole_sync(ringsync, configuration, destination, state):
    """On a server of its own. The last state, and the seconds of the Update call."""
    with start(ringsync) as server, Client(server.port) as client:
        destination.apply_schema(client.schema(configuration))
        began = time.monotonic()
        destination.apply_all(client.update(configuration, state))
        return destination.states[-1], time.monotonic() - began


def killed_sync(ringsync, configuration, destination, state, moment_s, forgets):
    """The destination and the state that stand when the server was killed so long after the call;
    and what the call took, where it had ended before. What came behind the last checkpoint a
    destination may keep; one that `forgets` does not."""
    kept = destination.snapshot()
    with start(ringsync) as server, Client(server.port) as client:
        destination.apply_schema(client.schema(configuration))
        kept.apply_schema(client.schema(configuration))
        took_s = None
        began = time.monotonic()
        killing = threading.Timer(moment_s, server.process.kill)
        killing.start()
        try:
            for response in client.update(configuration, state):
                destination.apply(response)
                if response.WhichOneof("operation") == "checkpoint":
                    state = destination.states[-1]
                    if forgets:
                        kept = destination.snapshot()
        except grpc.RpcError as ended:
            assert ended.code() == grpc.StatusCode.UNAVAILABLE, ended
        else:
            took_s = time.monotonic() - began
        finally:
            killing.join(timeout=60)
    return kept if forgets else destination, state, took_s


@pytest.mark.timeout(TIMEOUT_S)
def test_servers_killed_at_moments_all_over_an_update_lose_nothing(
    ringsync, fivetran_configuration, session, keyspace, measured
):
    configuration = fivetran_configuration(keyspace, **BOUNDS)
    first = FakeDestination()
    changed = changed_shop(
        session, keyspace, lambda _: whole_sync(ringsync, configuration, first, None)
    )

    def base(is_later):
        if is_later:
            return first.snapshot(), first.states[-1]
        return FakeDestination(), None

    def whole_s():
        return {
            is_later: min(whole_sync(ringsync, configuration, *base(is_later))[1] for _ in range(2))
            for is_later in (False, True)
        }

    numbers = itertools.count()
    resumed = 0

    def crash(moment_s: float, is_later: bool) -> float | None:
        nonlocal resumed
        before = base(is_later)
        destination, state, took_s = killed_sync(
            ringsync, configuration, *before, moment_s, forgets=next(numbers) % 4 < 2
        )
        resumed += took_s is None and state != before[1]
        whole_sync(ringsync, configuration, destination, state)
        assert arrived_in_memory(destination) == changed.source
        return took_s

    Crashes(whole_s, crash, lambda: resumed).make(measured, "kills", "Update calls")
