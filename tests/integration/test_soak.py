"""Syncs in a loop under writes: a process that runs for days must not grow.

RINGSYNC_TEST_SOAK_SECONDS says for how long (20; the long run takes an hour). What each process
held is left in soak.csv of the test's folder.
"""

import os
import pathlib
import re
import signal
import statistics
import subprocess
import threading
import time

import pytest
from fake_destination import FakeDestination
from fivetran_client import Usage
from read_back import DuckdbFile, PostgresqlDatabase, SqliteFile
from shop import Shop, Writer, arrived_in_memory

SECONDS = int(os.environ.get("RINGSYNC_TEST_SOAK_SECONDS", "20"))
ROWS = 1000
ROUNDS_LEAST = 6
# What is measured once wavers more than what is measured for an hour.
GROWTH_KIB_MAX = 2 * 1024 if SECONDS >= 600 else 8 * 1024
INTERVAL_S = 1
ROUND_ENDS = re.compile(r"next sync in|longer than the .* of --every")


class Samples:
    """What a process held at the end of each of its rounds."""

    def __init__(self, name: str, file: pathlib.Path):
        self.name = name
        self._began = time.monotonic()
        self._file = file
        self._lock = threading.Lock()
        self._taken: list[tuple[float, Usage]] = []

    def take(self, pid: int) -> None:
        try:
            usage = Usage.of(pid)
        except (FileNotFoundError, ProcessLookupError, KeyError):
            return  # it has just ended
        at_s = time.monotonic() - self._began
        with self._lock:
            self._taken.append((at_s, usage))
            with self._file.open("a") as out:
                print(
                    self.name, f"{at_s:.1f}", usage.resident_kib, usage.threads,
                    usage.descriptors, sep=",", file=out,
                )  # fmt: skip

    def count(self) -> int:
        with self._lock:
            return len(self._taken)

    def _part(self, first: float, last: float, of: str) -> list[int]:
        with self._lock:
            n = len(self._taken)
            part = self._taken[int(n * first) : max(int(n * last), int(n * first) + 1)]
        return [getattr(usage, of) for _, usage in part]

    def before_and_after(self, of: str) -> tuple[list[int], list[int]]:
        """Of the second quarter of the rounds, since the first one warms up, and of the last."""
        return self._part(0.25, 0.5, of), self._part(0.75, 1, of)

    def report(self) -> str:
        before, after = map(statistics.median, self.before_and_after("resident_kib"))
        held = []
        for of in ("threads", "descriptors"):
            held.append(f"{of} " + " → ".join(map(_span, self.before_and_after(of))))
        return (
            f"{self.name}, {self.count()} rounds: {before / 1024:.1f} → {after / 1024:.1f} MiB,"
            f" {', '.join(held)}"
        )

    def check(self) -> None:
        assert self.count() >= ROUNDS_LEAST, self.report()
        before, after = map(statistics.median, self.before_and_after("resident_kib"))
        assert after - before <= GROWTH_KIB_MAX, self.report()
        for of in ("threads", "descriptors"):
            # On a busy machine the next round has begun when a sample is taken: a span, then.
            before, after = self.before_and_after(of)
            assert min(after) <= max(before), self.report()
            if SECONDS >= 600:
                assert statistics.median(after) <= statistics.median(before) + 1, self.report()


def _span(values: list[int]) -> str:
    least, most = min(values), max(values)
    return f"{least}" if least == most else f"{least} to {most}"


class Repeated:
    """`sync --every 1s` into a destination; samples are taken where a round has ended."""

    def __init__(self, name, ringsync, configuration, destination, samples_file):
        self.destination = destination
        self.samples = Samples(name, samples_file)
        self.failures: list[str] = []
        self.process = ringsync.start(
            "sync", "--configuration", configuration, "--to", destination.argument, "--every",
            f"{INTERVAL_S}s", "--progress", "none", stdout=subprocess.DEVNULL,
            env=destination.environment,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stderr:
            if "error[" in line:
                self.failures.append(line)
            if ROUND_ENDS.search(line):
                self.samples.take(self.process.pid)

    def wait_for_rounds(self, more: int, timeout_s: float = 120) -> None:
        wanted = self.samples.count() + more
        deadline = time.monotonic() + timeout_s
        while self.samples.count() < wanted:
            assert self.process.poll() is None, f"{self.samples.name} has ended: {self.failures}"
            assert time.monotonic() < deadline, f"{self.samples.name} gets nowhere"
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=60)
        finally:
            self.process.kill()
            self._reader.join(timeout=30)


def serve_for(seconds, serve, fivetran, configuration, samples):
    """Update calls, one a second, as long and until there are enough; destination and state."""
    destination, state = FakeDestination(), None
    until = time.monotonic() + seconds
    while time.monotonic() < until or samples.count() < ROUNDS_LEAST:
        began = time.monotonic()
        state = fivetran.sync(destination, configuration, state)
        destination.states.clear()
        time.sleep(max(0.0, INTERVAL_S - (time.monotonic() - began)))  # the pace, no wait
        samples.take(serve.process.pid)
    return destination, state


@pytest.mark.timeout(SECONDS + 900)
def test_syncs_in_a_loop_under_writes_do_not_grow(
    ringsync, config, serve, fivetran, fivetran_configuration, session, keyspace,
    postgresql_server, tmp_path, measured,
):  # fmt: skip
    shop = Shop(session, keyspace)
    shop.put_stock(range(ROWS), "first")
    shop.put_orders(range(ROWS), "first")
    # Short, so that what a sync reads again is soon as much as it will ever be.
    keys = {
        "lag_seconds": "2",
        "overlap_seconds": "3",
        "connect_timeout_seconds": "60",
    }
    configuration = config(keyspace, **keys)
    samples_file = tmp_path / "soak.csv"
    destinations = {
        "duckdb": DuckdbFile(tmp_path / "warehouse.db"),
        "sqlite": SqliteFile(tmp_path / "warehouse.sqlite"),
        "postgresql": PostgresqlDatabase(postgresql_server),
    }
    writer = Writer(shop, ROWS)
    running = []
    try:
        for name, destination in destinations.items():
            running.append(
                Repeated(f"sync into {name}", ringsync, configuration, destination, samples_file)
            )
        served = Samples("serve", samples_file)
        arguments = fivetran_configuration(keyspace, **keys)
        in_memory, state = serve_for(SECONDS, serve, fivetran, arguments, served)
        writer.stop()
        for each in running:
            # The round under way may not have met the last writes, the one behind it has.
            each.wait_for_rounds(max(2, ROUNDS_LEAST - each.samples.count()))
        fivetran.sync(in_memory, arguments, state)
    finally:
        for each in running:
            each.stop()
    for samples in [*(each.samples for each in running), served]:
        measured(samples.report())
    measured(f"{writer.statements} statements of the writer in {SECONDS} s")
    assert [each.failures for each in running] == [[], [], []]
    source = shop.source()
    for each in running:
        assert shop.arrived(each.destination) == source, each.samples.name
    assert arrived_in_memory(in_memory) == source
    for samples in [*(each.samples for each in running), served]:
        samples.check()
