"""The front door to Fivetran's Connector SDK."""

import contextlib
import inspect
import json
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from ringsync import _core
from ringsync._log import Log, StandardLog, hand_on
from ringsync.errors import RingsyncError, TableError

# Beside the engine's own keys in the saved state: tables whose deferred truncate was given to a
# sync that did not end well, so that it never took effect.
_OWED = "truncates_owed"


class Operations(Protocol):
    """What of the Connector SDK's Operations is used."""

    def upsert(self, table: str, data: dict[str, Any], /) -> Any: ...
    def truncate(self, table: str, /) -> Any: ...
    def checkpoint(self, state: dict[str, Any], /) -> Any: ...


def configuration_json(configuration: Mapping[str, Any]) -> str:
    """The configuration as the native part reads it."""
    return json.dumps(dict(configuration))


def validate_configuration(configuration: Mapping[str, Any]) -> None:
    """Checks a configuration without connecting to anything.

    `configuration` holds the keys of configuration.json; values may be texts, as Fivetran stores
    them. "${NAME}" in a value stands for the environment variable NAME, as in the program.
    Raises ConfigurationError, a ValueError, that names every problem at once.
    """
    log = StandardLog()
    try:
        _core.validate(configuration_json(configuration))
    finally:
        hand_on(log)


def schema(configuration: Mapping[str, Any], log: Log | None = None) -> list[dict[str, Any]]:
    """The tables that a sync brings, as the Connector SDK wants them declared.

    Returns a list of {"table": name, "primary_key": [names], "columns": {name: type}}, where a type
    is a name as "UTC_DATETIME", or {"type": "DECIMAL", "precision": p, "scale": s}. The key
    `type_mapping` of the configuration chooses between two tables of types. Log lines go to `log`,
    by default to Python's logging as "ringsync".
    Raises ConfigurationError before it connects, and SourceError; `log.severe` has told it.
    """
    with _told(log or StandardLog()):
        return _core.schema(configuration_json(configuration))


def update(
    configuration: Mapping[str, Any],
    state: Mapping[str, Any] | None,
    operations: Operations | None = None,
    log: Log | None = None,
) -> None:
    """One sync: every row the first time, what has changed afterwards.

    `state` is what the last sync saved, and empty at first; the state of Fivetran's own example for
    ScyllaDB, {"<table>": {"last_updated_at": "YYYY-MM-DD HH:MM:SS"}}, is taken over. `operations`
    and `log` are the Connector SDK's Operations and Logging, which are imported where they are not
    given. All of them are called by the calling thread.

    A table that is read whole is truncated before its first row, once a run, in the deferred form
    where the operations have one; a run that goes on after an interruption is not. Rows are dicts
    of all columns. State is saved at least every `checkpoint_interval` rows, for all that was given
    before it.

    Raises TableError after the other tables are done where some failed, and names them;
    ConfigurationError before it connects; SourceError and StateError where no table could go on.
    What an operation raises ends the sync, and so does Ctrl-C; the next sync goes on from the last
    checkpoint. `log.severe` has told what ended the sync, but for Ctrl-C.
    """
    if operations is None or log is None:
        from fivetran_connector_sdk import Logging
        from fivetran_connector_sdk import Operations as SdkOperations

        operations = operations or SdkOperations
        log = log or Logging
    with _told(log):
        _Sync(configuration, dict(state or {}), operations, log).run()


@contextlib.contextmanager
def _told(log: Log) -> Iterator[None]:
    """Hands waiting lines to `log`, and what is raised, which goes on."""
    try:
        yield
    except RingsyncError as error:
        hand_on(log)
        log.severe(str(error))
        raise
    except Exception as error:
        hand_on(log)
        log.severe(f"ended by {type(error).__name__}; its text may hold data and is not logged")
        raise
    finally:
        hand_on(log)  # Ctrl-C comes here alone


class _Sync:
    def __init__(
        self,
        configuration: Mapping[str, Any],
        state: dict[str, Any],
        operations: Operations,
        log: Log,
    ) -> None:
        self._configuration = configuration_json(configuration)
        self._owed: set[str] = set(state.pop(_OWED, []))
        self._state = state
        self._operations = operations
        self._log = log
        self._truncated: set[str] = set()
        self._last: dict[str, Any] | None = None
        self._is_deferred = "deferred" in inspect.signature(operations.truncate).parameters

    def run(self) -> None:
        tables = _core.sync(
            self._configuration,
            json.dumps(self._state),
            self._to_be_read_anew(),
            self._operations.upsert,
            self._on_truncate,
            self._on_checkpoint,
            self._between,
        )
        hand_on(self._log)
        for table in tables:
            self._log.info(_summary(table))
            for column, count in table["nulled_values"].items():
                self._log.warning(
                    f"table {table['table']}: {count} values of column {column} do not fit its type"
                    " in the destination; they became NULL, as on_unrepresentable=null asks for"
                )
        failed = {table["table"]: table for table in tables if table["error_code"]}
        if failed:
            raise _table_error(failed)
        self._settle()

    def _to_be_read_anew(self) -> list[str]:
        """Tables with a truncate owed; those whose run is under way come to its end first."""
        known = self._state.get("tables")
        if not isinstance(known, dict):
            return []  # the engine tells what is wrong with it
        return sorted(name for name in self._owed if "run" not in (known.get(name) or {}))

    def _on_truncate(self, table: str) -> None:
        if not self._is_deferred or table in self._owed:
            # At once where the last one was lost: one table that fails each time would lose it
            # again and again, and the others would never stop being read whole.
            self._operations.truncate(table)
            self._owed.discard(table)
            return
        self._operations.truncate(table, deferred=True)  # type: ignore[call-arg]
        self._truncated.add(table)
        self._owed.add(table)

    def _on_checkpoint(self, document: str) -> None:
        self._last = json.loads(document)
        self._save()

    def _save(self) -> None:
        state = dict(self._last or {})
        if self._owed:
            state[_OWED] = sorted(self._owed)
        self._operations.checkpoint(state)

    def _settle(self) -> None:
        """The sync ends well, and so its deferred truncates take effect."""
        if self._last is None or not self._owed & self._truncated:
            return
        self._owed -= self._truncated
        self._save()

    def _between(self, progress: str | None) -> None:
        hand_on(self._log)
        if progress:
            self._log.info(progress)


def _summary(table: dict[str, Any]) -> str:
    outcome = "failed" if table["error_code"] else "done" if table["finished"] else "interrupted"
    return (
        f"table {table['table']}: {outcome}, {table['run']}"
        f"{', resumed' if table['resumed'] else ''}: {table['rows_read']} rows read ="
        f" {table['rows_sent']} sent + {table['rows_reported']} reported,"
        f" {table['seconds']:.1f} s"
    )


def _table_error(failed: dict[str, dict[str, Any]]) -> TableError:
    errors = {
        name: RingsyncError(table["error_code"], table["error_message"])
        for name, table in failed.items()
    }
    message = "; ".join(f"table {name}: {error}" for name, error in errors.items())
    return TableError(next(iter(errors.values())).code, message, errors)
