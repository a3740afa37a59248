"""A stand-in for the Connector SDK's operations and log that applies the contract's rules."""

import copy
import datetime
import json
from collections.abc import Callable

import planted


class Stop(Exception):
    """Raised by an operation, as a test wants it."""


class Destination:
    """Rows by table and key; truncate marks what is there, upsert replaces. `saved` is the last
    state, with the rows that it vouches for in `durable`."""

    def __init__(self, tables: list[dict]):
        self.keys = {table["table"]: table["primary_key"] for table in tables}
        self.rows: dict[str, dict[tuple, dict]] = {name: {} for name in self.keys}
        self.deleted: dict[str, set[tuple]] = {name: set() for name in self.keys}
        self.saved: dict = {}
        self.durable = None
        self.calls: list[tuple] = []
        self.before_upsert: Callable[[int], None] = lambda _: None
        self.upserts = 0

    def upsert(self, table: str, data: dict) -> None:
        self.upserts += 1
        planted.WATCH.note_destination(str(data), f"a row of {table}")
        self.before_upsert(self.upserts)
        key = tuple(map(_hashable, (data[name] for name in self.keys[table])))
        self.rows[table][key] = data
        self.deleted[table].discard(key)

    def truncate(self, table: str) -> None:
        self.calls.append(("truncate", table))
        self.deleted[table] = set(self.rows[table])

    def checkpoint(self, state: dict) -> None:
        text = json.dumps(state)  # it must be JSON
        planted.WATCH.note_destination(text, "a checkpoint")
        self.saved = json.loads(text)
        self.durable = copy.copy({name: dict(rows) for name, rows in self.rows.items()})
        self.calls.append(("checkpoint", self.upserts))

    def live(self, table: str) -> dict[tuple, dict]:
        return {key: row for key, row in self.rows[table].items() if key not in self.deleted[table]}

    def truncates(self) -> list[str]:
        return [name for kind, name in self.calls if kind.endswith("truncate")]


class DeferredDestination(Destination):
    """With truncate(deferred=True): what was there is marked when the sync ends well."""

    def __init__(self, tables: list[dict]):
        super().__init__(tables)
        self._waiting: dict[str, set[tuple]] = {}

    def truncate(self, table: str, *, deferred: bool = False) -> None:
        if not deferred:
            super().truncate(table)
            return
        self.calls.append(("deferred truncate", table))
        self._waiting[table] = set(self.rows[table])

    def upsert(self, table: str, data: dict) -> None:
        super().upsert(table, data)
        key = tuple(map(_hashable, (data[name] for name in self.keys[table])))
        self._waiting.get(table, set()).discard(key)

    def end(self, well: bool) -> None:
        for table, keys in self._waiting.items():
            if well:
                self.deleted[table] |= keys
        self._waiting = {}


class Log:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def info(self, message: str) -> None:
        self._keep("info", message)

    def warning(self, message: str) -> None:
        self._keep("warning", message)

    def severe(self, message: str) -> None:
        self._keep("severe", message)

    def _keep(self, level: str, message: str) -> None:
        planted.WATCH.note(message, f"the log, {level}")
        self.lines.append((level, message))

    def of(self, level: str) -> str:
        return "\n".join(message for each, message in self.lines if each == level)


def _hashable(value: object) -> object:
    return value if not isinstance(value, datetime.datetime) else value.timestamp()
