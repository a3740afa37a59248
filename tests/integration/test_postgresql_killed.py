"""PostgreSQL killed under a sync at moments spread over all of its run: the sync says so, and goes
on when the server is back."""

import threading
import time

import pytest
from crashes import (
    BOUNDS,
    TIMEOUT_S,
    Crashes,
    Destinations,
    OwnServer,
    Syncs,
    changed_shop,
    errors_in,
)
from read_back import PostgresqlDatabase

DESTINATION = 4  # exit code


@pytest.fixture
def own_server(tmp_path):
    server = OwnServer(tmp_path / "postgresql")
    yield server
    server.stop()


@pytest.mark.timeout(TIMEOUT_S)
def test_a_postgresql_killed_at_moments_all_over_a_sync_loses_nothing(
    ringsync, config, session, keyspace, own_server, tmp_path, measured
):
    syncs = Syncs(ringsync, config(keyspace, **BOUNDS))
    destinations = Destinations(PostgresqlDatabase(own_server.description), tmp_path)
    changed = changed_shop(session, keyspace, lambda _: syncs.run_whole(destinations.first))

    def crash(moment_s: float, is_later: bool) -> float | None:
        destination = destinations.new(is_later)
        began = time.monotonic()
        process = syncs.start(destination)
        killing = threading.Timer(moment_s, own_server.kill)
        killing.start()
        _, log = process.communicate(timeout=120)
        took_s = time.monotonic() - began
        killing.join()
        if process.returncode != 0:
            assert process.returncode == DESTINATION, log
            told = errors_in(log)
            assert set(told.values()) == {"destination"}, told
            for message in told:
                print(message)
        own_server.start_again()
        destinations.check_committed(changed, destination, is_later, tmp_path)
        syncs.run_whole(destination)
        changed.check(destination, is_later)
        destinations.remove(destination)
        return took_s if process.returncode == 0 else None

    crashes = Crashes(
        lambda: syncs.seconds(destinations), crash, lambda: syncs.resumed, destinations.parts
    )
    crashes.make(measured, "kills of the server", "syncs")
