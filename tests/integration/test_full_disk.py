"""Syncs into a file on a disk that is full sooner or later: a clear error, and with more room the
next sync goes on. The disk is a tmpfs of the test's own."""

import contextlib
import dataclasses
import os
import pathlib
import re
import subprocess
import tempfile
from collections.abc import Iterator

import pytest
from crashes import (
    BOUNDS,
    COUNT,
    LANDED_LEAST,
    TIMEOUT_S,
    Destination,
    Destinations,
    OwnServer,
    Syncs,
    changed_shop,
    errors_in,
    spread,
    told_parts,
)
from read_back import DuckdbFile, PostgresqlDatabase, SqliteFile

DESTINATION = 4  # exit code
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
ROOMY_BYTES = 256 << 20
POSTGRESQL_WORDS = "could not (extend|write)|No space left"
# Where another of its processes met the disk: of one that was ended for it, or cannot begin.
POSTGRESQL_ENDS = "connection to PostgreSQL was lost|shut down|recovery mode"


def _mount(*arguments: object) -> None:
    as_root = [] if os.getuid() == 0 else ["sudo", "-n"]
    done = subprocess.run([*as_root, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, f"{arguments[0]} needs the rights of root: {done.stderr}"


class Disk:
    """A tmpfs; its folder is the root of what it holds."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder

    def resize(self, size_bytes: int) -> None:
        _mount("mount", "-o", f"remount,size={size_bytes}", self.folder)

    def used_bytes(self) -> int:
        found = os.statvfs(self.folder)
        return (found.f_blocks - found.f_bfree) * found.f_frsize


@contextlib.contextmanager
def mounted(folder: pathlib.Path) -> Iterator[Disk]:
    folder.mkdir()
    _mount("mount", "-t", "tmpfs", "-o", f"size={ROOMY_BYTES},mode=777", "ringsync-test", folder)
    try:
        yield Disk(folder)
    finally:
        _mount("umount", folder)


@dataclasses.dataclass
class Place:
    """Where syncs write: a disk, what a first sync has written before, and destinations there."""

    disk: Disk
    first: Destination
    folder: pathlib.Path  # of another disk
    words: str = "full|No space"  # of errors that tell of the disk
    other_words: str | None = None  # of those that may stand in their place
    server: OwnServer | None = None

    def __post_init__(self):
        self.destinations = Destinations(self.first, self.disk.folder)
        self.ended = 0  # how often the server has ended by itself

    def new(self, is_later: bool) -> Destination:
        self.disk.resize(ROOMY_BYTES)
        destination = self.destinations.new(is_later)
        if self.server is not None:
            self.server.start_afresh()
        return destination

    def make_room(self) -> None:
        self.disk.resize(ROOMY_BYTES)
        if self.server is not None:
            self.ended += self.server.bring_back()


@pytest.fixture(params=["DuckdbFile", "SqliteFile", "PostgresqlDatabase"])
def place(request, tmp_path):
    if request.param == "PostgresqlDatabase":
        # Its user must be able to reach the disk.
        with tempfile.TemporaryDirectory(prefix="ringsync-disk-") as folder:
            os.chmod(folder, 0o755)
            with mounted(pathlib.Path(folder) / "disk") as disk:
                server = OwnServer(tmp_path / "postgresql", disk.folder)
                try:
                    yield Place(
                        disk,
                        PostgresqlDatabase(server.description),
                        tmp_path,
                        POSTGRESQL_WORDS,
                        POSTGRESQL_ENDS,
                        server,
                    )
                finally:
                    disk.resize(ROOMY_BYTES)
                    server.stop()
        return
    kind = {"DuckdbFile": DuckdbFile, "SqliteFile": SqliteFile}[request.param]
    with mounted(tmp_path / "disk") as disk:
        yield Place(disk, kind(tmp_path / "warehouse-first.db"), tmp_path)


def taken_by_a_sync(place: Place, syncs: Syncs, is_later: bool) -> int:
    """The least with which it succeeds, or hardly more, beside what is there before. (A database
    may take more where there is more.)"""

    def succeeds(left_bytes: int) -> bool:
        destination = place.new(is_later)
        place.disk.resize(place.disk.used_bytes() + left_bytes)
        done = syncs.run(destination)
        place.make_room()
        place.destinations.remove(destination)
        return done.returncode == 0

    too_little, enough = 0, 16 * PAGE_BYTES
    while not succeeds(enough):
        too_little, enough = enough, 2 * enough
    while enough - too_little > max(enough // 8, 2 * PAGE_BYTES):
        tried = (enough + too_little) // 2
        if succeeds(tried):
            enough = tried
        else:
            too_little = tried
    return enough


@pytest.mark.timeout(TIMEOUT_S)
def test_syncs_into_a_disk_that_gets_full_tell_it_and_go_on_when_there_is_room(
    place, ringsync, config, session, keyspace, measured
):
    syncs = Syncs(ringsync, config(keyspace, **BOUNDS))
    changed = changed_shop(session, keyspace, lambda _: syncs.run_whole(place.first))
    taken = {is_later: taken_by_a_sync(place, syncs, is_later) for is_later in (False, True)}
    syncs.resumed = place.ended = 0
    full = named = unnamed = 0
    crashed = 0  # the server, which goes on from its log
    for share, is_later in spread(1):
        destination = place.new(is_later)
        left = max(int(share * taken[is_later]), PAGE_BYTES)
        place.disk.resize(place.disk.used_bytes() + left)
        done = syncs.run(destination)
        full += done.returncode != 0
        place.make_room()
        if done.returncode != 0:
            assert done.returncode == DESTINATION, done.stderr
            told = errors_in(done.stderr)
            assert set(told.values()) == {"destination"}, told
            others = [message for message in told if not re.search(place.words, message)]
            for message in others:
                assert place.other_words and re.search(place.other_words, message), told
            named += len(told) - len(others)
            unnamed += len(others)
            crashed += any("the connection to PostgreSQL was lost" in message for message in told)
            place.destinations.check_committed(changed, destination, is_later, place.folder)
        syncs.run_whole(destination)
        changed.check(destination, is_later)
        place.destinations.remove(destination)
    assert full >= LANDED_LEAST, f"{full} of {COUNT} disks were full"
    assert named > unnamed, f"{named} errors tell of the disk, {unnamed} do not"
    assert syncs.resumed >= COUNT // 10, "hardly a restart had a checkpoint"
    measured(
        f"{COUNT} disks, {full} full, told of by {named} of {named + unnamed} errors;"
        f" sizes over {taken[False] >> 10} KiB of first and"
        f" {taken[True] >> 10} KiB of later syncs; {syncs.resumed} restarts behind a checkpoint"
        + told_parts(place.destinations.parts)
        + (f"; the server crashed {crashed} times and ended {place.ended}" if place.server else "")
    )
