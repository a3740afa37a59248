"""What tests of crashes share: how many, at which moments, and what is copied meanwhile.

RINGSYNC_TEST_CRASHES says how many (10; the long run makes 100 of each kind).
"""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import planted
import psycopg
from cql_session import Session
from fivetran_client import until
from read_back import NOT_MADE, DuckdbFile, PostgresqlDatabase, SqliteFile, is_not_made
from shop import COLUMNS, KEY_LENGTHS, Shop, Tables

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "postgresql"))

import postgresql  # noqa: E402

COUNT = int(os.environ.get("RINGSYNC_TEST_CRASHES", "10"))
LANDED_LEAST = COUNT * 4 // 5
RESUMED_LEAST = COUNT // 4
PASSES_MOST = 3
TIMEOUT_S = 600 + 30 * COUNT
HEADERS_BYTES = 3 * 4096  # of a DuckDB file; an SQLite file that is as short holds no table
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
    parts: dict[bool, int] | None = None
    """Where checkpoints are looked at: how many held a part of a first, and of a later run."""

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
            if landed >= LANDED_LEAST and self.resumed() >= RESUMED_LEAST and self._has_parts():
                break
        assert landed >= LANDED_LEAST, f"{landed} of {tried} {crashes} before the end"
        measured(
            f"{tried} {crashes}, {landed} before the end, over {whole_s[False]:.2f} s of first and"
            f" {whole_s[True]:.2f} s of later {runs}; {self.resumed()} restarts behind a checkpoint"
            + told_parts(self.parts)
        )
        assert self.resumed() >= RESUMED_LEAST, "hardly a restart had a checkpoint"
        assert self._has_parts(), "no later run was left in its middle"

    def _has_parts(self) -> bool:
        return self.parts is None or self.parts[True] > 0


def told_parts(parts: dict[bool, int] | None) -> str:
    if parts is None:
        return ""
    return (
        f"; checkpoints with a part of a run: {parts[False]} of first, {parts[True]} of later ones"
    )


@dataclasses.dataclass
class ChangedShop:
    """A shop between two syncs: what the first one met is gone, what the second must bring."""

    shop: Shop
    before: Tables  # what the first one met
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
    before = shop.source()
    sync_first(shop)
    gone = shop.remove_stock(range(500, 700))
    shop.put_stock(range(1450, 1650), "later")
    shop.put_orders(range(250, 1150), "later")
    return ChangedShop(shop, before, shop.source(), gone)


@dataclasses.dataclass
class Checkpoint:
    """What a sync that was cut off has left: the state, and the rows that must be there for it."""

    changed: ChangedShop
    left: Destination
    is_later: bool
    first: dict  # the state of the first sync, where this one is later
    is_under_way: bool = False  # the state holds a part of a run

    def check(self) -> None:
        state = self.left.state(self.changed.shop.keyspace) or {"tables": {}}
        for table in COLUMNS:
            self._check_table(table, state["tables"].get(table, {}))

    def _check_table(self, table: str, known: dict) -> None:
        source = self.changed.source[table]
        before = self.changed.before[table] if self.is_later else set()
        arrived = _found(self.changed.shop.arrived_in, self.left, table)
        gone = _found(self.changed.shop.gone, self.left) if table == "stock" else set()
        swept = self.changed.gone if table == "stock" and self.is_later else set()
        if "run" in known:
            self.is_under_way = True
            assert gone == set(), "rows are marked before all are met"
            self._check_part(table, known["run"], arrived, before)
        elif table == "orders":
            is_complete = known.get("cursor_ms") != self.first.get(table, {}).get("cursor_ms")
            assert arrived == (source if is_complete else before)
        else:  # without a cursor, a state does not tell
            assert (arrived, gone) in ((before, set()), (source, swept))

    def _check_part(self, table: str, run: dict, arrived: set[tuple], before: set[tuple]) -> None:
        source, gone = self.changed.source[table], self.changed.gone
        tokens = self.changed.shop.tokens(table)
        # Of the last partition that was met of a split under way a part may have come.
        ranges = [(start, end) for start, end in run["done"]]
        ranges += [(start, reached - 1) for start, _, reached, *_ in run["active"]]

        def met(rows: set[tuple]) -> set[tuple]:
            return {
                row for row in rows if any(start < tokens[row[0]] <= end for start, end in ranges)
            }

        # What is gone from the source is marked when all has been met.
        unmarked = {row for row in before if table == "stock" and row[:2] in gone}
        assert met(arrived) == met(source) | met(unmarked), f"{table} is said to have come so far"
        assert arrived <= source | before
        key = slice(KEY_LENGTHS[table])
        assert {row[key] for row in before} <= {row[key] for row in arrived}


def _found(read: Callable[..., set[tuple]], *arguments: object) -> set[tuple]:
    """What is read; nothing where the table is not made yet."""
    try:
        return read(*arguments)
    except NOT_MADE as missing:
        assert is_not_made(missing), missing
        return set()


class Destinations:
    """New destinations of a kind: empty, or copies of the one that a first sync wrote."""

    def __init__(self, first: Destination, folder: pathlib.Path):
        self.first = first
        self.parts = {False: 0, True: 0}  # of first and later runs, in checkpoints looked at
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

    def check_committed(
        self, changed: ChangedShop, destination: Destination, is_later: bool, folder: pathlib.Path
    ) -> None:
        """All that a sync has left that was cut off belongs together: it is looked for in a copy in
        `folder`, so that nothing but a sync mends the file."""
        left = destination
        if not isinstance(destination, PostgresqlDatabase):
            if max(map(len, destination.inventory().values()), default=0) < HEADERS_BYTES:
                assert not is_later
                return  # not even an empty database
            left = type(destination)(folder / f"left-{self._made}.db", destination)
        first = self.first.state(changed.shop.keyspace)["tables"] if is_later else {}
        checkpoint = Checkpoint(changed, left, is_later, first)
        checkpoint.check()
        self.parts[is_later] += checkpoint.is_under_way
        for file in folder.glob(f"left-{self._made}.db*"):
            file.unlink()


class OwnServer:
    """A PostgreSQL that keeps what it has answered, to be killed and started again; `small_disk`:
    where all its files are to be, if not where there is room."""

    def __init__(self, folder: pathlib.Path, small_disk: pathlib.Path | None = None):
        self.folder = folder
        self.description = postgresql.start(folder, durable=True, small_disk=small_disk)
        planted.WATCH.plant(self.description["password"], "the own server's password")
        planted.WATCH.give(folder / "server.json")

    def kill(self) -> None:
        postgresql.kill(self.folder)

    def start_again(self) -> None:
        postgresql.run_server(postgresql.folder_of(self.folder))

    def bring_back(self) -> bool:
        """Returns when it works. True where it had ended by itself, and was started again."""
        until(lambda: self._works() or not postgresql.is_running(self.folder), "it recovers")
        had_ended = not postgresql.is_running(self.folder)
        if had_ended:
            self.start_again()
        return had_ended

    def _works(self) -> bool:
        try:
            # Of a process that has crashed it knows until it has recovered.
            [[others]] = self._execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
        except psycopg.OperationalError:
            return False
        return others == 0

    def start_afresh(self) -> None:
        """With a new log, and no file held that is gone: the same work takes the same room."""
        self.bring_back()  # an ending session still has files of its own
        self._execute("SELECT pg_switch_wal()")
        postgresql.end_server(postgresql.folder_of(self.folder), "fast")
        self.start_again()

    def _execute(self, statement: str) -> list[tuple]:
        described = self.description
        with psycopg.connect(
            host=described["host"], port=described["port"], user=described["username"],
            password=described["password"], dbname="postgres", autocommit=True,
        ) as connection:  # fmt: skip
            done = connection.execute(statement)
            return done.fetchall() if done.description else []

    def stop(self) -> None:
        postgresql.stop(self.folder)


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
