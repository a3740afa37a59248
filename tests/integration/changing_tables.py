"""Tables that are changed while a sync reads them, somebody who writes meanwhile, and what has to
be in a destination afterwards. Each table is named after what happens to it.
"""

import datetime
import random
import threading
import time
from collections.abc import Iterable

from cassandra import InvalidRequest
from cassandra.cluster import NoHostAvailable
from cassandra.concurrent import execute_concurrent
from cassandra.metadata import Murmur3Token
from cassandra.protocol import ServerError
from cassandra.query import BatchStatement, BatchType

CHANGES = {
    "added": ["ALTER TABLE {t} ADD extra text"],
    "blobbed": ["ALTER TABLE {t} DROP w", "ALTER TABLE {t} ADD w blob"],
    "busy": [],
    "dropped": ["ALTER TABLE {t} DROP w"],
    "gone": ["DROP TABLE {t}"],
    "rekeyed": ["DROP TABLE {t}", "CREATE TABLE {t} ({columns}, PRIMARY KEY (id))"],
    "remade": ["DROP TABLE {t}", "CREATE TABLE {t} ({columns}, PRIMARY KEY (id, n))"],
    "retyped": ["ALTER TABLE {t} DROP w", "ALTER TABLE {t} ADD w text"],
    "returned": ["ALTER TABLE {t} DROP w", "ALTER TABLE {t} ADD w ascii"],
    "truncated": ["TRUNCATE {t}"],
}
# Those of which the next sync reads every row, in each mode.
READ_ANEW = {"blobbed", "rekeyed", "remade", "retyped", "returned"}
FIRST_ID, PARTITIONS, ROWS_EACH = 20_000, 100, 10
DENSE_ROWS = 400

Key = tuple[int, int]
Rows = dict[Key, dict[str, object]]


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def plain(value: object) -> object:
    """Times without a zone, in milliseconds as the source has them."""
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None, microsecond=value.microsecond // 1000 * 1000)
    return value


class Source:
    """The tables, filled. `mode` is full, scan or index: how later syncs are to read them."""

    def __init__(self, session, keyspace: str, mode: str, tables: Iterable[str] = CHANGES):
        self.session, self.keyspace, self.mode = session, keyspace, mode
        self.tables = list(tables)
        self.columns = "id int, n int, v text, w ascii"
        if mode != "full":
            self.columns += ", updated_at timestamp"
        self.ddl_seconds = 0.0
        self.keys = [(FIRST_ID + each, n) for each in range(PARTITIONS) for n in range(ROWS_EACH)]
        if mode == "index":
            # Rows that lie close at the ring's start make a table seem large, and its index cheap.
            first = min(range(FIRST_ID), key=lambda each: Murmur3Token.hash_fn(_int(each)))
            self.keys += [(first, n) for n in range(DENSE_ROWS)]
        for table in self.tables:
            self.ddl(f"CREATE TABLE {{t}} ({self.columns}, PRIMARY KEY (id, n))", table)
            if mode == "index":
                self.ddl(f"CREATE INDEX {table}_at ON {{t}} (updated_at) USING 'sai'", table)
            self.write(table, self.keys, now() - datetime.timedelta(days=10), v="old", w="w")

    def ddl(self, statement: str, table: str) -> None:
        began = time.monotonic()
        text = statement.format(t=f"{self.keyspace}.{table}", columns=self.columns)
        self.session.execute(text, timeout=60)
        self.ddl_seconds = max(self.ddl_seconds, time.monotonic() - began)

    def touch(self) -> None:
        """Some rows of every table; the others no incremental sync reads again. For an index so few
        that it stays the cheaper way."""
        for table in self.tables:
            self.write(
                table, [key for key in self.keys if self.is_touched(key)], now(), v="touched"
            )

    def is_touched(self, key: Key) -> bool:
        if self.mode == "index":  # and none of the dense rows, which would make the index seem dear
            return key[0] >= FIRST_ID and key[1] % 5 == 1
        return key[1] % 3 > 0

    def write(self, table: str, keys: list[Key], at: datetime.datetime, **cells: object) -> None:
        """These rows, with these cells and this cursor."""
        if self.mode != "full":
            cells = {**cells, "updated_at": at}
        insert = self.session.prepare(
            f"INSERT INTO {self.keyspace}.{table} (id, n, {', '.join(cells)})"
            f" VALUES (?, ?{', ?' * len(cells)})"
        )
        batches = []
        for first in range(0, len(keys), ROWS_EACH):
            batch = BatchStatement(batch_type=BatchType.UNLOGGED)
            for key in keys[first : first + ROWS_EACH]:
                batch.add(insert, (*key, *cells.values()))
            batches.append((batch, ()))
        for result in execute_concurrent(self.session, batches, concurrency=8):
            assert result.success, result.result_or_exc

    def change(self, table: str) -> None:
        """What the table's name says; then rows that are new and one that is changed."""
        for statement in CHANGES[table]:
            self.ddl(statement, table)
        if table in ("gone", "busy"):
            return
        cells: dict[str, object] = {"v": "after"}
        if table != "dropped":
            cells["w"] = b"after" if table == "blobbed" else "after"
        if table == "added":
            cells["extra"] = "x"
        keys = [(30_000 + n, n % ROWS_EACH) for n in range(50)]
        self.write(table, [*keys, self.keys[1]], now(), **cells)

    def column_names(self, table: str) -> list[str]:
        return self.session.execute(f"SELECT * FROM {self.keyspace}.{table} LIMIT 1").column_names

    def rows(self, table: str) -> Rows:
        found = self.session.execute(f"SELECT * FROM {self.keyspace}.{table}", timeout=60)
        names = found.column_names
        rows = (dict(zip(names, map(plain, row), strict=True)) for row in found)
        return {(row["id"], row["n"]): row for row in rows}


def slow_keys(source: Source) -> dict[str, str]:
    """Configuration by which reading a table takes several times as long as changing it."""
    rows = len(source.keys)
    if source.mode != "full":
        rows = sum(map(source.is_touched, source.keys))
    rate = int(rows / max(1.0, 3 * source.ddl_seconds))
    # Pages by index are dear: with small ones a scan would be cheaper.
    page_size = "50" if source.mode == "index" else "5"
    return {
        "page_size": page_size, "max_in_flight": "4", "max_rows_per_second": str(rate),
        "checkpoint_interval": "50",
    }  # fmt: skip


def _int(value: int) -> bytes:
    return value.to_bytes(4, "big")


class Writer:
    """Inserts, updates and deletes rows of all tables for as long as it is entered."""

    def __init__(self, source: Source, seed: int):
        self._source, self._rng = source, random.Random(seed)
        self.writes = 0
        self.refused = 0  # while a table is dropped or altered
        self.written: dict[str, set[Key]] = {table: set() for table in source.tables}
        self.deleted: dict[str, set[Key]] = {table: set() for table in source.tables}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Writer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            table = self._rng.choice(self._source.tables)
            key = (
                FIRST_ID + self._rng.randrange(PARTITIONS + 20),
                self._rng.randrange(ROWS_EACH + 5),
            )
            delete = self._rng.random() < 0.3
            try:
                self._source.session.execute(
                    self._deletion(table, key) if delete else self._row(table, key), timeout=30
                )
            except (InvalidRequest, NoHostAvailable, ServerError):
                self.refused += 1
                continue
            self.writes += 1
            (self.deleted if delete else self.written)[table].add(key)

    def _deletion(self, table: str, key: Key) -> str:
        return f"DELETE FROM {self._source.keyspace}.{table} WHERE id = {key[0]} AND n = {key[1]}"

    def _row(self, table: str, key: Key) -> str:
        cells = {"id": key[0], "n": key[1], "v": f"'new {self.writes}'"}
        if self._source.mode != "full":
            cells["updated_at"] = "toTimestamp(now())"
        return (
            f"INSERT INTO {self._source.keyspace}.{table} ({', '.join(cells)})"
            f" VALUES ({', '.join(map(str, cells.values()))})"
        )


def compare(source: Source, writer: Writer, table: str, found: Rows) -> int:
    """`found` are the destination's live rows: the source's, and as documented where deletes are
    not seen, rows that were deleted there. Returns how many of those there are."""
    wanted = source.rows(table)
    assert wanted, table
    wrong = {key: (row, found.get(key)) for key, row in wanted.items() if found.get(key) != row}
    assert not wrong, (table, len(wrong), next(iter(wrong.items())))
    beyond = found.keys() - wanted.keys()
    if source.mode == "full" or table in READ_ANEW:
        assert not beyond, (table, sorted(beyond)[:5])
    else:
        gone = set(writer.deleted[table])
        if table == "truncated":
            gone |= {*source.keys, *writer.written[table]}
        assert beyond <= gone, table
    return len(beyond)
