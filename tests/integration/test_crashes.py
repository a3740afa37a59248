"""Syncs killed at moments spread over all of their run, and resumed: nothing is lost."""

import signal
import subprocess
import time

import pytest
from crashes import (
    BOUNDS,
    LANDED_LEAST,
    PASSES_MOST,
    RESUMED_LEAST,
    TIMEOUT_S,
    Destinations,
    Syncs,
    changed_shop,
    spread,
)


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
    landed = tried = 0
    for _ in range(PASSES_MOST):  # again, where the machine has become faster
        whole_s = syncs.seconds(destinations)
        for moment, is_later in spread(1):
            destination = destinations.new(is_later)
            took_s = killed_at(syncs.start(destination), moment * whole_s[is_later])
            tried += 1
            landed += took_s is None
            whole_s[is_later] = min(whole_s[is_later], took_s or whole_s[is_later])
            syncs.run_whole(destination)
            changed.check(destination, is_later)
            destinations.remove(destination)
        if landed >= LANDED_LEAST and syncs.resumed >= RESUMED_LEAST:
            break
    assert landed >= LANDED_LEAST, f"{landed} of {tried} kills before the sync's end"
    measured(
        f"{tried} kills, {landed} before the end, over {whole_s[False]:.2f} s of first and"
        f" {whole_s[True]:.2f} s of later syncs; {syncs.resumed} restarts behind a checkpoint"
    )
    assert syncs.resumed >= RESUMED_LEAST, "hardly a restart had a checkpoint"
