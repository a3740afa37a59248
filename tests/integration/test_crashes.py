"""Syncs killed at moments spread over all of their run, and resumed: nothing is lost."""

import signal
import subprocess
import time

import pytest
from crashes import BOUNDS, TIMEOUT_S, Crashes, Destinations, Syncs, changed_shop


def killed_at(process: subprocess.Popen, moment_s: float) -> float | None:
    """Waits until then from its start on. Where it has ended by itself before: what it took."""
    began = time.monotonic()
    try:
        process.communicate(timeout=moment_s)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    assert process.returncode in (0, -signal.SIGKILL)
    return None if process.returncode != 0 else time.monotonic() - began


@pytest.mark.timeout(TIMEOUT_S)
def test_syncs_killed_at_moments_all_over_their_run_lose_nothing(
    ringsync, config, session, keyspace, every_destination, tmp_path, measured
):
    syncs = Syncs(ringsync, config(keyspace, **BOUNDS))
    destinations = Destinations(every_destination, tmp_path)
    changed = changed_shop(session, keyspace, lambda _: syncs.run_whole(every_destination))

    def crash(moment_s: float, is_later: bool) -> float | None:
        destination = destinations.new(is_later)
        took_s = killed_at(syncs.start(destination), moment_s)
        destinations.check_committed(changed, destination, is_later, tmp_path)
        syncs.run_whole(destination)
        changed.check(destination, is_later)
        destinations.remove(destination)
        return took_s

    crashes = Crashes(
        lambda: syncs.seconds(destinations), crash, lambda: syncs.resumed, destinations.parts
    )
    crashes.make(measured, "kills", "syncs")
