"""One checksum for the same table read by different clients.

Rows arrive as Python values, from the cassandra-driver or from DuckDB, whose types differ (Date and
date, naive and aware date-times, exact text for varint). `canonical` gives equal text for equal
values; `TableChecksum` adds rows up in any order. Collections are not covered.
"""

import datetime
import decimal
import functools
import hashlib
import ipaddress
import itertools
import re
import uuid
from collections.abc import Callable, Iterable, Sequence

from cassandra.util import Date, Duration, Time

_NULL = "\\N"  # cannot be a text: backslashes in texts are doubled
_SEPARATOR = "\x1f"
_ESCAPED = re.compile(r"[\\\x1f]")  # what _text() replaces
_ROWS_AT_ONCE = 10_000
_EPOCH_ORDINAL = datetime.date(1970, 1, 1).toordinal()
_ISO_DURATION = re.compile(
    r"(?P<sign>-?)P(?:(?P<years>-?\d+)Y)?(?:(?P<months>-?\d+)M)?(?:(?P<weeks>-?\d+)W)?"
    r"(?:(?P<days>-?\d+)D)?"
    r"(?:T(?:(?P<hours>-?\d+)H)?(?:(?P<minutes>-?\d+)M)?(?:(?P<seconds>-?\d+(?:\.\d+)?)S)?)?"
)


def canonical(value: object, cql_type: str | None = None) -> str:
    """The value's text. With the column's CQL type, texts that a database holds in place of
    decimal, uuid, inet, time or duration are read as such, so that spelling does not matter."""
    if cql_type in _FROM_TEXT and isinstance(value, str):
        value = _FROM_TEXT[cql_type](value)
    try:
        return _CANONICAL[type(value)](value)
    except KeyError:
        raise TypeError(f"no canonical text for {type(value).__name__}") from None


class TableChecksum:
    """Row count and order-independent checksum over rows whose columns come in a fixed order."""

    def __init__(self, columns: Sequence[str], cql_types: Sequence[str] | None = None):
        """`cql_types`: of the columns; needed where texts may stand for other types."""
        self._order = sorted(range(len(columns)), key=lambda index: columns[index])
        self._names = [columns[index] for index in self._order]
        spelled = cql_types is not None and not _FROM_TEXT.keys().isdisjoint(cql_types)
        self._types = cql_types if spelled else None
        self.rows_count = 0
        self._sum = 0

    def add(self, rows: Iterable[Sequence[object]]) -> None:
        left = (row for row in rows)  # the driver's results begin anew for each iter()
        while chunk := list(itertools.islice(left, _ROWS_AT_ONCE)):
            columns = list(zip(*chunk, strict=True))
            types = self._types or [None] * len(columns)
            texts = [_canonical_column(columns[index], types[index]) for index in self._order]
            for cells in zip(*texts, strict=True):
                digest = hashlib.blake2b(_SEPARATOR.join(cells).encode(), digest_size=16).digest()
                # A sum, not an exclusive or: a row twice must not look like no row.
                self._sum += int.from_bytes(digest, "big")
            self.rows_count += len(chunk)

    def merge(self, other: "TableChecksum") -> None:
        """Adds the rows that another one, of the same columns, has seen."""
        if other._names != self._names:
            raise ValueError("checksums of different columns cannot be merged")
        self._sum += other._sum
        self.rows_count += other.rows_count

    def result(self) -> dict:
        names = hashlib.blake2b(_SEPARATOR.join(self._names).encode(), digest_size=16).digest()
        total = (self._sum + int.from_bytes(names, "big")) % (1 << 128)
        return {"rows": self.rows_count, "checksum": f"{total:032x}"}


def _canonical_column(values: Sequence[object], cql_type: str | None) -> Sequence[str]:
    """canonical() of each; much quicker where all values are of one type, as they mostly are."""
    kinds = set(map(type, values))
    has_null = type(None) in kinds
    kinds.discard(type(None))
    if cql_type in _FROM_TEXT or len(kinds) != 1:
        return [canonical(value, cql_type) for value in values]
    kind = kinds.pop()
    text_of = _CANONICAL.get(kind, canonical)
    if kind is datetime.datetime:  # slow to write, and mostly a few in many rows
        text_of = functools.cache(text_of)
    if has_null:
        return [_NULL if value is None else text_of(value) for value in values]
    if kind is str and not re.search(_ESCAPED, "".join(values)):
        return values
    return list(map(text_of, values))


def _text(value: str) -> str:
    return value.replace("\\", "\\\\").replace(_SEPARATOR, "\\u001f")


def _timestamp(value: datetime.datetime) -> str:
    if value.tzinfo is not None:  # the cassandra-driver's are naive and UTC
        value = value.astimezone(datetime.UTC).replace(tzinfo=None)
    exact = "microseconds" if value.microsecond % 1000 else "milliseconds"
    return value.isoformat(timespec=exact) + "Z"


def _days(days_from_epoch: int) -> str:
    try:
        return datetime.date.fromordinal(days_from_epoch + _EPOCH_ORDINAL).isoformat()
    except (ValueError, OverflowError):
        return f"{days_from_epoch} days"


def _nanoseconds_of_day(nanoseconds: int) -> str:
    seconds, fraction = divmod(nanoseconds, 1_000_000_000)
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}.{fraction:09}"


def _time(value: datetime.time) -> str:
    seconds = (value.hour * 60 + value.minute) * 60 + value.second
    return _nanoseconds_of_day(seconds * 1_000_000_000 + value.microsecond * 1000)


def _duration(months: int, days: int, nanoseconds: int) -> str:
    return f"{months}mo{days}d{nanoseconds}ns"


def _interval(value: datetime.timedelta) -> str:
    micros = value.seconds * 1_000_000 + value.microseconds
    return _duration(0, value.days, micros * 1000)


def _parse_duration(text: str) -> Duration:
    match = _ISO_DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"not an ISO 8601 duration: {text}")
    part = {
        name: decimal.Decimal(found or 0)
        for name, found in match.groupdict().items()
        if name != "sign"
    }
    sign = -1 if match["sign"] else 1
    seconds = (part["hours"] * 60 + part["minutes"]) * 60 + part["seconds"]
    return Duration(
        sign * int(part["years"] * 12 + part["months"]),
        sign * int(part["weeks"] * 7 + part["days"]),
        sign * int(seconds * 1_000_000_000),
    )


def _parse_time(text: str) -> Time:
    clock, _, fraction = text.partition(".")
    hours, minutes, seconds = (int(part) for part in clock.split(":"))
    total = (hours * 60 + minutes) * 60 + seconds
    return Time(total * 1_000_000_000 + int(fraction.ljust(9, "0") or 0))


_FROM_TEXT: dict[str, Callable[[str], object]] = {
    "decimal": decimal.Decimal,
    "uuid": uuid.UUID,
    "timeuuid": uuid.UUID,
    "inet": ipaddress.ip_address,
    "time": _parse_time,
    "duration": _parse_duration,
}

_CANONICAL: dict[type, Callable] = {
    type(None): lambda _: _NULL,
    str: _text,
    bool: lambda value: "true" if value else "false",
    int: int.__repr__,
    float: float.__repr__,
    decimal.Decimal: lambda value: format(value, "f"),
    datetime.datetime: _timestamp,
    datetime.date: lambda value: _days(value.toordinal() - _EPOCH_ORDINAL),
    Date: lambda value: _days(value.days_from_epoch),
    datetime.time: _time,
    Time: lambda value: _nanoseconds_of_day(value.nanosecond_time),
    datetime.timedelta: _interval,
    Duration: lambda value: _duration(value.months, value.days, value.nanoseconds),
    uuid.UUID: str,
    ipaddress.IPv4Address: str,
    ipaddress.IPv6Address: str,
    bytes: lambda value: "0x" + value.hex(),
    bytearray: lambda value: "0x" + value.hex(),
}
