"""A small keyspace that changes: what tests of crashes and of long runs copy again and again.

`stock` has no column `updated_at`: each sync reads all of it and marks what is gone. `orders` has
one: later syncs read what has changed, and rows that go are not seen, so none do.
"""

import datetime
import random
import threading

from cassandra.concurrent import execute_concurrent_with_args
from cql_session import Session
from fake_destination import FakeDestination

COLUMNS = {"stock": ["shelf", "nr", "amount", "note"], "orders": ["id", "total", "note"]}
KEY_LENGTHS = {"stock": 2, "orders": 1}  # so many of COLUMNS, the first, are the primary key
SHELVES = 40
Tables = dict[str, set[tuple]]


class Shop:
    """The two tables in a keyspace of the test's own."""

    def __init__(self, session: Session, keyspace: str):
        self.keyspace = keyspace
        self._session = session
        session.execute(
            f"CREATE TABLE {keyspace}.stock (shelf int, nr int, amount double, note text,"
            " PRIMARY KEY (shelf, nr))"
        )
        session.execute(
            f"CREATE TABLE {keyspace}.orders (id int PRIMARY KEY, total bigint, note text,"
            " updated_at timestamp)"
        )
        self._put_stock = session.prepare(
            f"INSERT INTO {keyspace}.stock (shelf, nr, amount, note) VALUES (?, ?, ?, ?)"
        )
        self._remove_stock = session.prepare(
            f"DELETE FROM {keyspace}.stock WHERE shelf = ? AND nr = ?"
        )
        self._put_order = session.prepare(
            f"INSERT INTO {keyspace}.orders (id, total, note, updated_at) VALUES (?, ?, ?, ?)"
        )

    def put_stock(self, numbers: range, note: str) -> None:
        rows = [(nr % SHELVES, nr, nr / 3, f"{note} {nr}") for nr in numbers]
        self._all(self._put_stock, rows)

    def remove_stock(self, numbers: range) -> set[tuple]:
        """Their keys, as a destination must have them marked deleted."""
        keys = [(nr % SHELVES, nr) for nr in numbers]
        self._all(self._remove_stock, keys)
        return set(keys)

    def put_orders(self, numbers: range, note: str) -> None:
        now = datetime.datetime.now(datetime.UTC)
        self._all(self._put_order, [(nr, nr * 7, f"{note} {nr}", now) for nr in numbers])

    def _all(self, statement, rows: list[tuple]) -> None:
        for done in execute_concurrent_with_args(self._session, statement, rows, concurrency=32):
            assert done.success, done.result_or_exc

    def source(self) -> Tables:
        """What is there now, by the driver."""
        return {
            table: set(
                self._session.execute(f"SELECT {', '.join(columns)} FROM {self.keyspace}.{table}")
            )
            for table, columns in COLUMNS.items()
        }

    def tokens(self, table: str) -> dict[int, int]:
        """By partition key, which is the first of COLUMNS."""
        key = COLUMNS[table][0]
        return dict(
            self._session.execute(
                f"SELECT DISTINCT {key}, token({key}) FROM {self.keyspace}.{table}"
            )
        )

    def arrived(self, destination) -> Tables:
        """The rows of one of read_back's destinations that are not marked deleted."""
        return {table: self.arrived_in(destination, table) for table in COLUMNS}

    def arrived_in(self, destination, table: str) -> set[tuple]:
        return destination.cells(self.keyspace, table, COLUMNS[table], "NOT _fivetran_deleted")

    def gone(self, destination) -> set[tuple]:
        """The keys of stock that a destination has marked deleted."""
        return destination.cells(self.keyspace, "stock", ["shelf", "nr"], "_fivetran_deleted")


def arrived_in_memory(destination: FakeDestination) -> Tables:
    """The rows that are not marked deleted."""
    return {
        table: {
            tuple(cells[column] for column in columns)
            for cells in destination.tables[table].live().values()
        }
        for table, columns in COLUMNS.items()
    }


class Writer:
    """Inserts, updates and deletes in a thread of its own, from when it is made until `stop`.

    The numbers are of a bounded range: what a sync reads does not grow with time.
    """

    def __init__(self, shop: Shop, numbers: int, batches_per_second: float = 3):
        self.statements = 0
        self._shop = shop
        self._numbers = numbers
        self._pause_s = 1 / batches_per_second
        self._ended = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        rng = random.Random(6)
        while not self._ended.wait(self._pause_s):
            try:
                first = rng.randrange(self._numbers - 10)
                note = f"written at {self.statements}"
                self._shop.put_stock(range(first, first + 6), note)
                self._shop.remove_stock(range(first + 6, first + 10))
                self._shop.put_orders(range(first, first + 6), note)
                self.statements += 16
            except Exception as failure:  # told by the test's own thread
                self._failure = failure
                return

    def stop(self) -> None:
        """Returns when the last statement is answered; an error of any of them is raised."""
        self._ended.set()
        self._thread.join(timeout=120)
        assert not self._thread.is_alive(), "the writer hangs"
        if self._failure is not None:
            raise self._failure
