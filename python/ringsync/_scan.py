"""Tables as Arrow streams."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from ringsync import _core
from ringsync._connector import configuration_json
from ringsync._log import StandardLog, hand_on
from ringsync.errors import ConfigurationError


def scan(
    configuration: Mapping[str, Any],
    table: str,
    columns: Sequence[str] | None = None,
    since: datetime.datetime | str | None = None,
) -> _core.Scan:
    """A table or materialised view as an object that Arrow libraries read: it has
    __arrow_c_stream__.

        pyarrow.RecordBatchReader.from_stream(ringsync.scan(configuration, "flights"))
        polars.DataFrame(ringsync.scan(configuration, "flights", columns=["origin", "dest"]))
        flights = ringsync.scan(configuration, "flights"); duckdb.sql("FROM flights")

    `columns` names those wanted, in their order; others are not read, but for the key. `since` (a
    datetime, or a text in ISO 8601; UTC where it names no zone) leaves out rows whose
    `cursor_column` is not later. `nested_types`, `decimal_types` and `on_unrepresentable` of the
    configuration count, `tables` and `exclude_tables` do not.

    It connects at once; rows are read as they are asked for, in no order, a few megabytes ahead.
    Each reading is a new one, so that the object can be used again. A stream that is released
    stops. An error in the middle arrives as the library's own exception, with the code in its text.
    Raises ConfigurationError where configuration, table, columns or since are wrong, else
    SourceError.
    """
    wanted, since_ms = column_names(columns), milliseconds(since)
    try:
        return _core.open_scan(configuration_json(configuration), table, wanted, since_ms)
    finally:
        hand_on(StandardLog())


def column_names(columns: Sequence[str] | None) -> list[str] | None:
    if columns is None:
        return None
    names = [] if isinstance(columns, str) else list(columns)
    if isinstance(columns, str) or not all(isinstance(name, str) for name in names):
        raise ConfigurationError("config", 'columns: it is a list of names such as ["origin"]')
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError("config", f"columns: {name} is named more than once")
    return names


def milliseconds(since: datetime.datetime | str | None) -> int | None:
    if since is None:
        return None
    if isinstance(since, str):
        text = since[:-1] + "+00:00" if since.endswith("Z") else since
        try:
            since = datetime.datetime.fromisoformat(text)
        except ValueError:
            raise ConfigurationError(
                "config", f'since: "{since}" is no time such as "2024-01-31T12:00:00Z"'
            ) from None
    if not isinstance(since, datetime.datetime):
        raise ConfigurationError("config", "since: it is a datetime or a text in ISO 8601")
    if since.tzinfo is None:
        since = since.replace(tzinfo=datetime.timezone.utc)
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return (since - epoch) // datetime.timedelta(milliseconds=1)
