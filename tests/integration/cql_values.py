"""CQL types, random values of them, and one canonical form for what different clients read.

`canonical` takes what the cassandra-driver reads; `from_destination` what a destination holds, in
either form of nested types (docs/types.md): JSON text, or lists, dicts and maps. Both give equal
Python values where the cells are equal: floats by their bits but for the sign of a zero, decimals
with their trailing zeros, sets and maps without their order.
"""

import dataclasses
import datetime
import decimal
import ipaddress
import json
import random
import re
import struct
import uuid
from collections.abc import Callable

import checksum
from cassandra.util import Date, Duration, OrderedMap, Time

# As CQL writes a type that nobody knows but the server.
UNKNOWN_TYPE = "'org.apache.cassandra.db.marshal.DynamicCompositeType(s=>UTF8Type)'"
_EPOCH = datetime.datetime(1970, 1, 1)
_DAY_NS = 86_400_000_000_000
_DATE_DAYS = (-719_162, 2_932_896)  # years 1 to 9999, which the driver and Python know


@dataclasses.dataclass(frozen=True)
class CqlType:
    """A type: a scalar's name, or list, set, map, tuple, udt or vector with what is inside."""

    kind: str
    inside: tuple["CqlType", ...] = ()
    name: str = ""  # of a user-defined type, as CQL writes it
    fields: tuple[str, ...] = ()  # names of its fields
    size: int = 0  # of a vector
    frozen: bool = True

    def cql(self) -> str:
        if not self.inside:
            return self.kind
        inner = ", ".join(each.cql() for each in self.inside)
        if self.kind == "vector":
            return f"vector<{inner}, {self.size}>"
        text = self.name if self.kind == "udt" else f"{self.kind}<{inner}>"
        return f"frozen<{text}>" if self.frozen and self.kind != "tuple" else text


def scalar(kind: str) -> CqlType:
    return CqlType(kind)


def nested(kind: str, *inside: CqlType, **more) -> CqlType:
    return CqlType(kind, inside, **more)


# --- random values -------------------------------------------------------------------------------

_TEXTS = [
    "",
    "plain",
    'O\'Hare "quoted" \\ back',
    "Zürich 東京 🚀",
    "\x00\x01\x1f\n\r\t\x7f",
    "null",
]


def _text(rng: random.Random) -> str:
    if rng.random() < 0.4:
        return rng.choice(_TEXTS)
    pool = 'abc 019"\\/{}[]:,\néß東🦆\u2028'
    return "".join(rng.choice(pool) for _ in range(rng.randrange(30)))


def _integer(bits: int) -> Callable[[random.Random], int]:
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1

    def make(rng: random.Random) -> int:
        return rng.choice([low, high, 0, -1, 1, rng.randint(low, high), rng.randint(-99, 99)])

    return make


def _float(code: str) -> Callable[[random.Random], float]:
    size = struct.calcsize(code)
    special = [0.0, -0.0, 1.0, -1.5, 0.1, float("inf"), float("-inf"), float("nan")]

    def make(rng: random.Random) -> float:
        if rng.random() < 0.3:
            value = rng.choice(special)
        elif rng.random() < 0.5:
            value = rng.uniform(-1e6, 1e6)
        else:
            value = struct.unpack(code, rng.randbytes(size))[0]
        value = struct.unpack(code, struct.pack(code, value))[0]
        return float("nan") if value != value else value

    return make


def _decimal(rng: random.Random) -> decimal.Decimal:
    digits = rng.choice([0, 1, rng.randrange(10**6), rng.randrange(10**45)])
    return decimal.Decimal((rng.randrange(2), decimal.Decimal(digits).as_tuple().digits,
                            rng.randrange(-40, 12)))  # fmt: skip


def _varint(rng: random.Random) -> int:
    return rng.choice([0, -1, 127, 128, -129, 2**63, rng.randrange(-(10**60), 10**60)])


def _timestamp(rng: random.Random) -> datetime.datetime:
    ms = rng.choice([0, -1, rng.randrange(-62_135_596_800_000, 253_402_300_800_000),
                     rng.randrange(1_600_000_000_000, 1_800_000_000_000)])  # fmt: skip
    return _EPOCH + datetime.timedelta(milliseconds=ms)


def _duration(rng: random.Random) -> Duration:
    sign = rng.choice([1, -1])
    parts = rng.randrange(0, 30), rng.randrange(0, 400), rng.randrange(0, 10 * _DAY_NS)
    return Duration(*(sign * part for part in parts))


def _inet(rng: random.Random) -> str:
    size = rng.choice([4, 16])
    raw = rng.choice([bytes(size), rng.randbytes(size), b"\x00" * (size - 2) + rng.randbytes(2)])
    return str(ipaddress.ip_address(raw))


_RANDOM: dict[str, Callable[[random.Random], object]] = {
    "ascii": lambda rng: _text(rng).encode("ascii", "ignore").decode(),
    "text": _text,
    "tinyint": _integer(8),
    "smallint": _integer(16),
    "int": _integer(32),
    "bigint": _integer(64),
    "varint": _varint,
    "decimal": _decimal,
    "float": _float(">f"),
    "double": _float(">d"),
    "boolean": lambda rng: rng.random() < 0.5,
    "timestamp": _timestamp,
    "date": lambda rng: Date(rng.choice([0, -1, *_DATE_DAYS, rng.randint(*_DATE_DAYS)])),
    "time": lambda rng: Time(rng.choice([0, _DAY_NS - 1, rng.randrange(_DAY_NS)])),
    "uuid": lambda rng: uuid.UUID(bytes=rng.choice([bytes(16), rng.randbytes(16)])),
    "timeuuid": lambda rng: uuid.UUID(fields=(rng.getrandbits(32), rng.getrandbits(16),
                                              0x1000 | rng.getrandbits(12),
                                              0x80 | rng.getrandbits(6), rng.getrandbits(8),
                                              rng.getrandbits(48))),
    "inet": _inet,
    "duration": _duration,
    "blob": lambda rng: rng.choice([b"", b"\x00", rng.randbytes(rng.randrange(40))]),
}  # fmt: skip

SCALARS = sorted(_RANDOM)


def random_value(rng: random.Random, cql_type: CqlType, in_key: bool = False) -> object:
    """A value that the driver can bind. `in_key`: one that destinations tell from all others."""
    kind, inside = cql_type.kind, cql_type.inside
    if kind == "list":
        return [random_value(rng, inside[0], in_key) for _ in range(rng.choice([0, 1, 2, 5]))]
    if kind == "set":  # the driver's own sets take 0.0 and -0.0 for one element
        values = [random_value(rng, inside[0], True) for _ in range(rng.choice([0, 1, 2, 5]))]
        return _without_doubles(inside[0], values)
    if kind == "vector":
        return [random_value(rng, inside[0], in_key) for _ in range(cql_type.size)]
    if kind == "map":
        keys = [random_value(rng, inside[0], True) for _ in range(rng.choice([0, 1, 2, 4]))]
        keys = _without_doubles(inside[0], keys)
        return OrderedMap([(key, random_value(rng, inside[1], in_key)) for key in keys])
    if kind in ("tuple", "udt"):
        return tuple(
            None if rng.random() < 0.2 else random_value(rng, field, in_key) for field in inside
        )
    while True:
        value = _RANDOM[kind](rng)
        if not (in_key and kind in ("float", "double") and (value == 0 or value != value)):
            return value


def _without_doubles(cql_type: CqlType, values: list) -> list:
    # Decimals that compare as equal are one element to the server, whatever their zeros.
    def compared(value: object) -> str:
        if isinstance(value, decimal.Decimal):
            return str(value.normalize(decimal.Context(prec=100)))
        return repr(canonical(cql_type, value))

    return list({compared(value): value for value in values}.values())


# --- canonical forms ------------------------------------------------------------------------------


def _bits(code: str) -> Callable[[float], str]:
    # A sum with 0.0 makes one zero of both: DuckDB's compressed storage does not keep the sign.
    return lambda value: struct.pack(code, value + 0.0).hex()


def _milliseconds(value: datetime.datetime) -> int:
    if value.tzinfo is not None:
        value = value.astimezone(datetime.UTC).replace(tzinfo=None)
    # The driver counts in floating point: far from 1970 it is microseconds beside the millisecond.
    half = datetime.timedelta(microseconds=500)
    return (value - _EPOCH + half) // datetime.timedelta(milliseconds=1)


_CANONICAL: dict[str, Callable] = {
    "ascii": str,
    "text": str,
    "tinyint": int,
    "smallint": int,
    "int": int,
    "bigint": int,
    "counter": int,
    "varint": int,
    "decimal": lambda value: format(value, "f"),
    "float": _bits(">f"),
    "double": _bits(">d"),
    "boolean": bool,
    "timestamp": _milliseconds,
    "date": lambda value: value.days_from_epoch,
    "time": lambda value: value.nanosecond_time,
    "uuid": str,
    "timeuuid": str,
    "inet": lambda value: str(ipaddress.ip_address(value)),
    "duration": lambda value: (value.months, value.days, value.nanoseconds),
    "blob": lambda value: "0x" + bytes(value).hex(),
}


def _sorted(values: list) -> list:
    return sorted(values, key=repr)


def canonical(cql_type: CqlType, value: object) -> object:
    """The canonical form of what the cassandra-driver reads, or was given to write."""
    if value is None:
        return None
    kind, inside = cql_type.kind, cql_type.inside
    if kind in ("list", "vector"):
        return [canonical(inside[0], each) for each in value]
    if kind == "set":
        return _sorted([canonical(inside[0], each) for each in value])
    if kind == "map":
        # Not by items(): OrderedMap serializes keys anew, which may not give what was read.
        pairs = getattr(value, "_items", None) or value.items()
        return _sorted([
            (canonical(inside[0], key), canonical(inside[1], each)) for key, each in pairs
        ])  # fmt: skip
    if kind in ("tuple", "udt"):
        fields = list(value) + [None] * (len(inside) - len(value))
        return [canonical(each, field) for each, field in zip(inside, fields, strict=True)]
    return _CANONICAL[kind](value)


def _date_days(text: str) -> int:
    year, month, day = re.fullmatch(r"([+-]?\d+)-(\d\d)-(\d\d)", text).groups()
    epoch = datetime.date(1970, 1, 1).toordinal()
    return datetime.date(int(year), int(month), int(day)).toordinal() - epoch


def _iso_milliseconds(text: str) -> int:
    parsed = datetime.datetime.fromisoformat(text)
    if parsed.tzinfo is None:
        raise ValueError(f"not UTC: {text}")
    return _milliseconds(parsed)


def _boolean_text(text: str) -> bool:
    return {"true": True, "false": False}[text]


def _duration_text(text: str) -> tuple[int, int, int]:
    months, days, ns = re.fullmatch(
        r"(-?\d+)mo(-?\d+)d(-?\d+)ns", checksum.canonical(text, "duration")
    ).groups()
    return int(months), int(days), int(ns)


def _time_ns(text: str) -> int:
    clock, _, fraction = text.partition(".")
    hours, minutes, seconds = (int(part) for part in clock.split(":"))
    return ((hours * 60 + minutes) * 60 + seconds) * 10**9 + int(fraction.ljust(9, "0") or 0)


# Values that arrive as text, in JSON or in columns of destinations without the type.
_FROM_TEXT: dict[str, Callable[[str], object]] = {
    "tinyint": int,
    "smallint": int,
    "int": int,
    "bigint": int,
    "varint": int,
    "decimal": lambda text: format(decimal.Decimal(text), "f"),
    "float": lambda text: _bits(">f")(float(text)),
    "double": lambda text: _bits(">d")(float(text)),
    "boolean": _boolean_text,
    "timestamp": _iso_milliseconds,
    "date": _date_days,
    "time": _time_ns,
    "inet": lambda text: str(ipaddress.ip_address(text)),
    "duration": _duration_text,
}


def _scalar_from(kind: str, value: object) -> object:
    if isinstance(value, str):
        return _FROM_TEXT.get(kind, str)(value)
    if isinstance(value, datetime.date) and kind == "date":
        return value.toordinal() - datetime.date(1970, 1, 1).toordinal()
    return _CANONICAL[kind](value)


def _pairs_of(cql_type: CqlType, value: object) -> list[tuple]:
    """A map as JSON (an object, or pairs where keys are nested) or as duckdb gives it."""
    if isinstance(value, list):
        return value
    if cql_type.inside[0].inside and set(value) <= {"key", "value"}:
        return list(zip(value["key"], value["value"], strict=True))
    return list(value.items())


def from_destination(cql_type: CqlType, value: object) -> object:
    """The canonical form of what a destination holds; nested types as parsed JSON or native."""
    if value is None:
        return None
    kind, inside = cql_type.kind, cql_type.inside
    if kind in ("list", "vector"):
        return [from_destination(inside[0], each) for each in value]
    if kind == "set":
        return _sorted([from_destination(inside[0], each) for each in value])
    if kind == "map":
        return _sorted([
            (from_destination(inside[0], key), from_destination(inside[1], each))
            for key, each in _pairs_of(cql_type, value)
        ])  # fmt: skip
    if kind == "udt":
        if list(value) != list(cql_type.fields):
            raise ValueError(f"fields {list(value)} where the type has {cql_type.fields}")
        return [
            from_destination(each, value[name])
            for each, name in zip(inside, cql_type.fields, strict=True)
        ]
    if kind == "tuple":
        values = value if isinstance(value, list) else list(value.values())
        return [from_destination(each, field) for each, field in zip(inside, values, strict=True)]
    return _scalar_from(kind, value)


def parsed_json(text: str | None) -> object:
    """Strict JSON: a repeated key of an object, or NaN as a bare word, is an error."""

    def unique(pairs: list[tuple]) -> dict:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("an object names a key twice")
        return found

    def refuse(word: str) -> object:
        raise ValueError(f"{word} is not JSON")

    if text is None:
        return None
    return json.loads(text, object_pairs_hook=unique, parse_constant=refuse)
