"""Syncs to which something happens while they read, again and again: the program's into a DuckDB
file, and Update calls of its server into a destination in memory. Both have the same methods."""

import contextlib
import dataclasses
import json
import pathlib
import subprocess
import threading
import time
from collections.abc import Callable, Iterator

import grpc
from checksum import TableChecksum
from fake_destination import FakeDestination
from fivetran_client import Client, Server, until

FIRST_PAGES = 12  # of them eight at most are of the probe
TABLE = "readings"  # its pages tell that a sync is in the middle of them


@dataclasses.dataclass
class Ended:
    """`code`: DONE or UNREADABLE of the sync's class, or another; `told`: its errors, and maybe
    more; `log`: all that it has logged; `at_s`: when, by the monotonic clock."""

    code: int | str
    told: str
    log: str
    at_s: float


class _Interrupted:
    def wait_for_rows(self) -> None:
        """Until it is in mid-scan."""
        until(lambda: self.has_begun() or not self.is_running(), "rows come", 90, 0.01)
        assert self.is_running(), self.log()


@dataclasses.dataclass
class Sync(_Interrupted):
    """`keys`: its configuration; `read_back(database, keyspace)`: rows and checksum per table.
    Each run has its own trace of pages, and its own summary."""

    ringsync: object
    folder: pathlib.Path
    keys: dict
    read_back: Callable[..., dict[str, dict]]

    NAME, UNIT = "sync", "pages"
    DONE, UNREADABLE = 0, 3

    @property
    def keyspace(self) -> str:
        return self.keys["keyspace"]

    @property
    def database(self) -> pathlib.Path:
        return self._file("db")

    def _file(self, ending: str) -> pathlib.Path:
        # Not by the keyspace's name alone, which DuckDB would take for both.
        return self.folder / f"of_{self.keyspace}.{ending}"

    def start(self, **keys: object) -> None:
        trace = self._file("pages.jsonl")
        trace.unlink(missing_ok=True)
        configuration = self.folder / f"configuration_of_{self.keyspace}.json"
        configuration.write_text(json.dumps({**self.keys, **keys}))
        with open(self._file("log"), "wb") as output:
            self._process: subprocess.Popen = self.ringsync.start(
                "sync", "--configuration", configuration, "--to", f"duckdb:{self.database}",
                "--trace-pages", trace, "--summary-json", self._file("summary.json"),
                "--progress", "none", "--log-level", "debug", stderr=output,
            )  # fmt: skip

    def is_running(self) -> bool:
        return self._process.poll() is None

    def log(self) -> str:
        return self._file("log").read_text()

    def has_begun(self) -> bool:
        return sum(page["table"] == TABLE for page in self._pages()) >= FIRST_PAGES

    def finish(self, timeout_s: float = 600) -> Ended:
        """Waits for its end."""
        self._process.wait(timeout=timeout_s)
        return Ended(self._process.returncode, self.log(), self.log(), time.monotonic())

    def end(self) -> None:
        """Ends it where it has not ended."""
        self._process.kill()
        self._process.wait(timeout=30)
        self._process.stdout.close()

    def _pages(self) -> list[dict]:
        """What was noted of pages that came, in their order."""
        trace = self._file("pages.jsonl")
        if not trace.exists():
            return []
        lines = trace.read_text().splitlines(keepends=True)
        noted = [json.loads(line) for line in lines if line.endswith("\n")]
        return [line for line in noted if "error" not in line]

    def come_since(self, unix_s: float) -> int:
        """How many pages."""
        return sum(page["unix_ms"] > unix_s * 1000 for page in self._pages())

    def _tables(self) -> list[dict]:
        return json.loads(self._file("summary.json").read_text())["tables"]

    def rows_sent(self) -> int:
        return sum(table["rows_sent"] for table in self._tables())

    def has_resumed(self) -> bool:
        return any(table["name"] == TABLE and table["resumed"] for table in self._tables())

    def fingerprint(self) -> dict[str, dict]:
        return self.read_back(self.database, self.keyspace)


class Update(_Interrupted):
    """`keys`: the configuration of its calls; `port`: another way to the server. What a call sends
    behind its last checkpoint the destination forgets, and the next call begins with that one."""

    NAME, UNIT = "Update", "rows"
    DONE, UNREADABLE = "OK", "UNAVAILABLE"

    def __init__(self, server: Server, keys: dict, port: int = 0):
        self._server = server
        self._port = port or server.port
        self._keys = keys
        self._kept = FakeDestination()  # as of the last checkpoint
        self._rows_kept = 0
        self._reads = threading.Event()
        self._reads.set()

    @property
    def keyspace(self) -> str:
        return self._keys["keyspace"]

    def start(self, **keys: object) -> None:
        configuration = {key: str(value) for key, value in {**self._keys, **keys}.items()}
        self._destination = self._kept.snapshot()
        self._rows_kept = 0
        self._came: list[tuple[float, int]] = []  # unix time, rows so far
        self._failure: Exception | None = None
        self._client = Client(self._port)
        self._destination.apply_schema(self._client.schema(configuration))
        self._log_begin = len(self._server.log_lines)
        state = self._kept.states[-1] if self._kept.states else None
        self._call = self._client.update(configuration, state)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            for response in self._call:
                self._destination.apply(response)
                rows = sum(self._destination.counts.upserts.values())
                self._came.append((time.time(), rows))
                if response.WhichOneof("operation") == "checkpoint":
                    self._kept, self._rows_kept = self._destination.snapshot(), rows
                if self.has_begun():
                    self._reads.wait()
        except grpc.RpcError:
            pass  # its code tells
        except Exception as failure:  # told by the test's own thread
            self._failure = failure
            self._call.cancel()
        self._ended_s = time.monotonic()

    def pause(self) -> None:
        """Reads no more, once the first rows are there."""
        self._reads.clear()

    def go_on(self) -> None:
        self._reads.set()

    def is_running(self) -> bool:
        return not self._call.done()

    def log(self) -> str:
        """Of the server, since the call began."""
        return "\n".join(self._server.log_lines[self._log_begin :])

    def has_begun(self) -> bool:
        return self._destination.counts.upserts[TABLE] > 0

    def finish(self, timeout_s: float = 600) -> Ended:
        """Waits for its end."""
        self._thread.join(timeout_s)
        assert not self._thread.is_alive(), self.log()
        if self._failure is not None:
            raise self._failure
        told = self._call.details()
        return Ended(self._call.code().name, told, self.log(), self._ended_s)

    def end(self) -> None:
        """Goes away, whether it has ended or not."""
        self._client.close()
        self._reads.set()
        self._thread.join(30)

    def come_since(self, unix_s: float) -> int:
        """How many rows."""
        before = max((rows for at, rows in self._came if at <= unix_s), default=0)
        return self._came[-1][1] - before

    def rows_sent(self) -> int:
        return self._rows_kept

    def has_resumed(self) -> bool:
        return any(
            f"table {TABLE}: " in line and "resumed behind its last checkpoint" in line
            for line in self.log().splitlines()
        )

    def fingerprint(self) -> dict[str, dict]:
        found = {}
        for name, table in self._kept.tables.items():
            table_sum = TableChecksum(list(table.columns))
            table_sum.add([tuple(cells.values()) for cells in table.live().values()])
            found[name] = table_sum.result()
        return found


@contextlib.contextmanager
def in_mid_scan(*syncs: Sync | Update, **keys: object) -> Iterator[None]:
    """Runs of all of them, each of which has read its first rows; ended with the block."""
    with contextlib.ExitStack() as running:
        for sync in syncs:
            sync.start(**keys)
            running.callback(sync.end)
        for sync in syncs:
            sync.wait_for_rows()
        yield


def run(*syncs: Sync | Update, **keys: object) -> list[Ended]:
    """Runs all of them to their ends."""
    with contextlib.ExitStack() as running:
        for sync in syncs:
            sync.start(**keys)
            running.callback(sync.end)
        return [sync.finish() for sync in syncs]
