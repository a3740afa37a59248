"""Where `ringsync.spark.sync` keeps a keyspace: folders of Parquet files, and beside them manifests
that say which of them count. By Hadoop's file systems, as Spark has them.

A snapshot of a table is a folder that is never changed once a manifest names it. Manifests are
numbered, and the highest number counts: each is written under another name and renamed to one that
was never there. So a crash at any moment leaves the snapshots whole that counted before.
"""

import contextlib
import datetime
import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from ringsync.errors import ConfigurationError, DestinationError, StateError

VERSION = 1
# No table's name has a hyphen.
_MANIFESTS = "_ringsync-manifests"
_MANIFEST = re.compile(r"(\d{12})\.json")
_BESIDE = re.compile(r"\.(\d+)-[0-9a-f]{32}")
_SNAPSHOT = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")
_GLOBS = "*?[]{}\\"


@dataclass
class Snapshot:
    """The current rows of a table. `key`: names of the columns they were merged by; `columns`: the
    type of each in DuckDB, by name; `former`: earlier snapshots that are still there."""

    name: str
    key: list[str]
    columns: dict[str, str]
    rows: int
    former: list[str] = field(default_factory=list)


@dataclass
class Manifest:
    """`number`: 0 where there is none yet. `state`: the document of docs/state.md."""

    number: int = 0
    tables: dict[str, Snapshot] = field(default_factory=dict)
    state: dict[str, Any] | None = None

    def text(self) -> str:
        tables = {name: vars(snapshot) for name, snapshot in sorted(self.tables.items())}
        document = {"ringsync_spark": VERSION, "tables": tables, "state": self.state}
        return json.dumps(document, indent=1)

    @classmethod
    def of(cls, text: str, number: int, path: str) -> "Manifest":
        """Raises StateError where the text is no manifest."""
        try:
            document = json.loads(text)
            version = document["ringsync_spark"]
            if version == VERSION:
                tables = {name: Snapshot(**table) for name, table in document["tables"].items()}
                return cls(number, tables, document["state"])
        except (ValueError, TypeError, KeyError, AttributeError):
            raise StateError(
                "state_damaged",
                f"{path} is no manifest of ringsync.spark.sync; restore the target from a copy, or"
                " write to a new one",
            ) from None
        raise StateError(
            "state_version",
            f"{path} has version {version}, and this program knows version {VERSION}; use the one"
            " that wrote it, or a newer one",
        )


class Target:
    """A folder by any path that Spark's Hadoop takes."""

    def __init__(self, spark: SparkSession, path: str):
        if not path.strip():
            raise ConfigurationError("config", "target: is missing; name a folder")
        if any(sign in path for sign in _GLOBS):
            raise ConfigurationError(
                "config", f"target: {path} has one of {_GLOBS}, which Spark takes for a pattern"
            )
        jvm = getattr(spark, "_jvm", None)
        if jvm is None:
            raise ConfigurationError(
                "config", "spark: this needs a session with a JVM of its own, not Spark Connect"
            )
        self._jvm = jvm
        with _told(path):
            asked = jvm.org.apache.hadoop.fs.Path(path.rstrip("/") or "/")
            self._files = asked.getFileSystem(spark._jsparkSession.sessionState().newHadoopConf())
            self.path: str = self._files.makeQualified(asked).toString().rstrip("/")

    def folder(self, table: str, snapshot: str) -> str:
        return f"{self.path}/{table}/{snapshot}"

    def has(self, table: str, snapshot: Snapshot) -> bool:
        with _told(self.path):
            return self._files.exists(self._path(self.folder(table, snapshot.name)))

    def prepare(self) -> None:
        """Makes the folder. Raises DestinationError where it cannot be made or is none."""
        folder = f"{self.path}/{_MANIFESTS}"
        with _told(folder):
            made = self._files.mkdirs(self._path(folder))
        if not made:
            raise DestinationError("destination", f"{folder}: it could not be made")

    def read(self) -> Manifest:
        """The manifest that counts. Raises StateError where it is damaged."""
        number = self._last()
        while number:
            path = self._manifest(number)
            try:
                return Manifest.of(self._text(path), number, path)
            except DestinationError:
                # A job that has just ended a table removes the manifest before.
                number, before = self._last(), number
                if number == before:
                    raise
        return Manifest()

    def _last(self) -> int:
        return max(self._numbers(), default=0)

    def _text(self, path: str) -> str:
        with _told(path):
            stream = self._files.open(self._path(path))
            try:
                return bytes(stream.readAllBytes()).decode(errors="replace")
            finally:
                stream.close()

    def write(self, manifest: Manifest) -> Manifest:
        """Makes it count, in the place of the one with its number; returns it with its new one.
        Raises DestinationError where that is not the last any more."""
        last = self._last()
        if last != manifest.number:
            raise DestinationError(
                "destination_busy",
                f"{self.path}: another job has written to it meanwhile, up to {last}; let it end",
            )
        written = Manifest(manifest.number + 1, manifest.tables, manifest.state)
        path = self._manifest(written.number)
        beside = f"{self.path}/{_MANIFESTS}/.{written.number}-{uuid.uuid4().hex}"
        with _told(path):
            stream = self._files.create(self._path(beside), False)
            try:
                stream.write(bytearray(written.text().encode()))
                stream.hsync()
            finally:
                stream.close()
            renamed = self._files.rename(self._path(beside), self._path(path))
        if not renamed:
            raise DestinationError("destination", f"{path}: {beside} could not be renamed to it")
        return written

    def remove_former_manifests(self, manifest: Manifest) -> None:
        """And those that crashes have left unnamed."""
        for name in self._listed(f"{self.path}/{_MANIFESTS}"):
            counted, begun = _MANIFEST.fullmatch(name), _BESIDE.fullmatch(name)
            is_former = counted is not None and int(counted[1]) < manifest.number
            if is_former or (begun is not None and int(begun[1]) <= manifest.number):
                self._remove(f"{self.path}/{_MANIFESTS}/{name}")

    def remove_unnamed_snapshots(self, manifest: Manifest, table: str) -> None:
        """Those that the manifest does not name: former ones, and what crashes have left."""
        snapshot = manifest.tables.get(table)
        named = {snapshot.name, *snapshot.former} if snapshot else set()
        for name in self._listed(f"{self.path}/{table}"):
            if _SNAPSHOT.fullmatch(name) and name not in named:
                self._remove(self.folder(table, name))

    def remove_snapshot(self, table: str, name: str) -> None:
        self._remove(self.folder(table, name))

    def _numbers(self) -> list[int]:
        found = map(_MANIFEST.fullmatch, self._listed(f"{self.path}/{_MANIFESTS}"))
        return [int(match[1]) for match in found if match]

    def _manifest(self, number: int) -> str:
        return f"{self.path}/{_MANIFESTS}/{number:012}.json"

    def _listed(self, folder: str) -> list[str]:
        with _told(folder):
            path = self._path(folder)
            if not self._files.exists(path):
                return []
            return [status.getPath().getName() for status in self._files.listStatus(path)]

    def _remove(self, path: str) -> None:
        with _told(path):
            self._files.delete(self._path(path), True)

    def _path(self, path: str) -> Any:
        return self._jvm.org.apache.hadoop.fs.Path(path)


def new_snapshot_name() -> str:
    now = datetime.datetime.now(datetime.timezone.utc)
    return f"{now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"


@contextlib.contextmanager
def _told(path: str) -> Iterator[None]:
    """Makes a DestinationError of what Hadoop's file systems throw: they name paths, not rows."""
    try:
        yield
    except Py4JJavaError as error:
        told = str(error.java_exception.toString()).splitlines()[0]
        raise DestinationError("destination", f"{path}: {told}") from None
