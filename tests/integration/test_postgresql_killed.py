"""PostgreSQL killed under a sync at moments spread over all of its run: the sync says so, and goes
on when the server is back."""

import sys
import threading
import time

import planted
import pytest
from conftest import REPOSITORY
from crashes import (
    BOUNDS,
    LANDED_LEAST,
    PASSES_MOST,
    RESUMED_LEAST,
    TIMEOUT_S,
    Destinations,
    Syncs,
    changed_shop,
    errors_in,
    spread,
)
from read_back import PostgresqlDatabase

sys.path.insert(0, str(REPOSITORY / "tools" / "postgresql"))

import postgresql  # noqa: E402

DESTINATION = 4  # exit code


class OwnServer:
    """A server that keeps what it has answered, to be killed and started again."""

    def __init__(self, folder):
        self.folder = folder
        self.description = postgresql.start(folder, durable=True)
        planted.WATCH.plant(self.description["password"], "the killed server's password")
        planted.WATCH.give(folder / "server.json")

    def kill(self):
        postgresql.kill(self.folder)

    def start_again(self):
        postgresql.run_server(postgresql.folder_of(self.folder))


@pytest.fixture
def own_server(tmp_path):
    server = OwnServer(tmp_path / "postgresql")
    yield server
    postgresql.stop(server.folder)


@pytest.mark.timeout(TIMEOUT_S)
def test_a_postgresql_killed_at_moments_all_over_a_sync_loses_nothing(
    ringsync, config, session, keyspace, own_server, tmp_path, measured
):
    syncs = Syncs(ringsync, config(keyspace, **BOUNDS))
    destinations = Destinations(PostgresqlDatabase(own_server.description), tmp_path)
    changed = changed_shop(session, keyspace, lambda _: syncs.run_whole(destinations.first))
    landed = tried = 0
    for _ in range(PASSES_MOST):  # again, where the machine has become faster
        whole_s = syncs.seconds(destinations)
        for moment, is_later in spread(1):
            destination = destinations.new(is_later)
            began = time.monotonic()
            process = syncs.start(destination)
            killing = threading.Timer(moment * whole_s[is_later], own_server.kill)
            killing.start()
            _, log = process.communicate(timeout=120)
            took_s = time.monotonic() - began
            killing.join()
            tried += 1
            if process.returncode != 0:
                assert process.returncode == DESTINATION, log
                landed += 1
                told = errors_in(log)
                assert set(told.values()) == {"destination"}, told
                for message in told:
                    print(message)
            else:
                whole_s[is_later] = min(whole_s[is_later], took_s)
            own_server.start_again()
            syncs.run_whole(destination)
            changed.check(destination, is_later)
            destinations.remove(destination)
        if landed >= LANDED_LEAST and syncs.resumed >= RESUMED_LEAST:
            break
    assert landed >= LANDED_LEAST, f"{landed} of {tried} kills before the sync's end"
    measured(
        f"{tried} kills of the server, {landed} before the sync's end, over {whole_s[False]:.2f} s"
        f" of first and {whole_s[True]:.2f} s of later syncs; {syncs.resumed} restarts behind a"
        " checkpoint"
    )
    assert syncs.resumed >= RESUMED_LEAST, "hardly a restart had a checkpoint"
