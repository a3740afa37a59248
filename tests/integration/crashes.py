"""What tests of crashes share: how many, at which moments, and what is copied meanwhile.

RINGSYNC_TEST_CRASHES says how many (10; the long run makes 100 of each kind).
"""

import dataclasses
import json
import os
import pathlib
import subprocess
import time
from collections.abc import Callable, Iterator

from cql_session import Session
from read_back import DuckdbFile, PostgresqlDatabase, SqliteFile
from shop import Shop, Tables

COUNT = int(os.environ.get("RINGSYNC_TEST_CRASHES", "10"))
LANDED_LEAST = COUNT * 4 // 5
RESUMED_LEAST = COUNT // 4
PASSES_MOST = 3
TIMEOUT_S = 600 + 30 * COUNT
# Small pages and commits: a short sync has many of each to die between and within.
BOUNDS = {
    "page_size": "50",
    "checkpoint_interval": "50",
    "lag_seconds": "0",
    "overlap_seconds": "0",
    "connect_timeout_seconds": "60",  # a busy machine is not what is tested
}
COMMITS = ("--commit-rows", "100")

Destination = DuckdbFile | SqliteFile | PostgresqlDatabase


def spread(whole: float) -> Iterator[tuple[float, bool]]:
    """COUNT points, evenly over what a whole sync takes; and whether it is to be a later sync,
    which finds a destination that an earlier one wrote."""
    for number in range(COUNT):
        yield (number + 0.5) / COUNT * whole, number % 2 == 1


Seconds = dict[bool, float]  # what a first (False) and a later run take


@dataclasses.dataclass
class Crashes:
    """Of runs at moments spread over all that they take."""

    whole_s: Callable[[], Seconds]
    """Measures it; later it is less where a run ended by itself before its moment."""
    crash: Callable[[float, bool], float | None]
    """crash(moment_s, is_later) lets a run die, the next one complete it, and checks that nothing
    is lost. What the run took, where it had ended before."""
    resumed: Callable[[], int]
    """How often a checkpoint was gone on from."""

    def make(self, measured: Callable[[str], None], crashes: str, runs: str) -> None:
        """Until enough of them came before a run's end, and enough had a checkpoint: more than
        once where the machine has become faster. `crashes` and `runs` are what they are called."""
        landed = tried = 0
        for _ in range(PASSES_MOST):
            whole_s = self.whole_s()
            for moment, is_later in spread(1):
                took_s = self.crash(moment * whole_s[is_later], is_later)
                tried += 1
                landed += took_s is None
                whole_s[is_later] = min(whole_s[is_later], took_s or whole_s[is_later])
            if landed >= LANDED_LEAST and self.resumed() >= RESUMED_LEAST:
                break
        assert landed >= LANDED_LEAST, f"{landed} of {tried} {crashes} before the end"
        measured(
            f"{tried} {crashes}, {landed} before the end, over {whole_s[False]:.2f} s of first and"
            f" {whole_s[True]:.2f} s of later {runs}; {self.resumed()} restarts behind a checkpoint"
        )
        assert self.resumed() >= RESUMED_LEAST, "hardly a restart had a checkpoint"


@dataclasses.dataclass
class ChangedShop:
    """A shop between two syncs: what the first one met is gone, what the second must bring."""

    shop: Shop
    source: Tables
    gone: set[tuple]  # keys that only a destination of the first sync still holds

    def check(self, destination: Destination, is_later: bool) -> None:
        assert self.shop.arrived(destination) == self.source
        assert self.shop.gone(destination) == (self.gone if is_later else set())


def changed_shop(
    session: Session, keyspace: str, sync_first: Callable[[Shop], None]
) -> ChangedShop:
    """Makes a shop, lets `sync_first` copy it, and changes it."""
    shop = Shop(session, keyspace)
    shop.put_stock(range(1500), "first")
    shop.put_orders(range(1000), "first")
    sync_first(shop)
    gone = shop.remove_stock(range(500, 700))
    shop.put_stock(range(1450, 1650), "later")
    shop.put_orders(range(250, 1150), "later")
    return ChangedShop(shop, shop.source(), gone)


class Destinations:
    """New destinations of a kind: empty, or copies of the one that a first sync wrote."""

    def __init__(self, first: Destination, folder: pathlib.Path):
        self.first = first
        self._folder = folder
        self._made = 0

    def new(self, is_later: bool) -> Destination:
        base = self.first if is_later else None
        self._made += 1
        if isinstance(self.first, PostgresqlDatabase):
            return PostgresqlDatabase(self.first.server, base)
        return type(self.first)(self._folder / f"warehouse-{self._made}.db", base)

    def remove(self, destination: Destination) -> None:
        if isinstance(destination, PostgresqlDatabase):
            with destination.connect("postgres") as connection:
                connection.autocommit = True
                connection.execute(f"DROP DATABASE {destination.name} WITH (FORCE)")
            return
        for file in self._folder.glob(f"warehouse-{self._made}.db*"):
            file.unlink()


def errors_in(log: str) -> dict[str, str]:
    """What a log in JSON tells of errors: message -> code."""
    # What a dying PostgreSQL says, its client library writes by itself ("FATAL:  …").
    entries = [json.loads(line) for line in log.splitlines() if not line.startswith("FATAL:  ")]
    return {each["message"]: each.get("code") for each in entries if each["level"] == "error"}


class Syncs:
    """The program with a configuration, into destinations that change."""

    def __init__(self, ringsync, configuration: pathlib.Path):
        self._ringsync = ringsync
        self._arguments = ("sync", "--configuration", configuration, *COMMITS, "--log-format",
                           "json", "--progress", "none")  # fmt: skip
        self.resumed = 0

    def start(self, destination: Destination) -> subprocess.Popen:
        return self._ringsync.start(
            *self._arguments, "--to", destination.argument, env=destination.environment
        )

    def run(self, destination: Destination) -> subprocess.CompletedProcess:
        return self._ringsync.run(
            *self._arguments, "--to", destination.argument, env=destination.environment
        )

    def run_whole(self, destination: Destination) -> None:
        done = self.run(destination)
        assert done.returncode == 0, done.stderr
        self.resumed += "resumed behind its last checkpoint" in done.stderr

    def seconds(self, destinations: Destinations) -> Seconds:
        """What a first and a later sync take: the least of two, so that moments lie within."""
        return {
            is_later: min(self._timed(destinations, is_later) for _ in range(2))
            for is_later in (False, True)
        }

    def _timed(self, destinations: Destinations, is_later: bool) -> float:
        destination = destinations.new(is_later)
        began = time.monotonic()
        self.run_whole(destination)
        took_s = time.monotonic() - began
        destinations.remove(destination)
        return took_s
