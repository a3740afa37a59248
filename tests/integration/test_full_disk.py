"""Syncs into a file on a disk that is full sooner or later: a clear error, and with more room the
next sync goes on. The disk is a tmpfs of the test's own."""

import contextlib
import os
import pathlib
import re
import sqlite3
import subprocess
from collections.abc import Iterator

import duckdb
import pytest
from crashes import (
    BOUNDS,
    COUNT,
    LANDED_LEAST,
    TIMEOUT_S,
    ChangedShop,
    Destination,
    Destinations,
    Syncs,
    changed_shop,
    errors_in,
    spread,
)
from read_back import DuckdbFile, SqliteFile
from shop import COLUMNS

DESTINATION = 4  # exit code
HEADERS_BYTES = 3 * 4096  # of a DuckDB file; an SQLite file that is as short holds no table
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
ROOMY_BYTES = 256 << 20


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


def taken_by_a_sync(disk: Disk, syncs: Syncs, destinations: Destinations, is_later: bool) -> range:
    """From what is there before a sync to the least with which it succeeds, or hardly more. (A
    database may take more where there is more.)"""
    disk.resize(ROOMY_BYTES)
    destination = destinations.new(is_later)
    before = disk.used_bytes()
    syncs.run_whole(destination)
    enough = disk.used_bytes() - before
    destinations.remove(destination)
    too_little = 0
    while enough - too_little > max(enough // 8, 2 * PAGE_BYTES):
        tried = (enough + too_little) // 2
        disk.resize(ROOMY_BYTES)
        destination = destinations.new(is_later)
        disk.resize(before + tried)
        if syncs.run(destination).returncode == 0:
            enough = tried
        else:
            too_little = tried
        destinations.remove(destination)
    return range(before, before + enough)


def check_committed(changed: ChangedShop, copy: Destination) -> None:
    """All that a sync into a new destination has left there is the source's."""
    if max(map(len, copy.inventory().values())) < HEADERS_BYTES:
        return  # not even an empty database
    for table in COLUMNS:
        try:
            arrived = changed.shop.arrived_in(copy, table)
        except (duckdb.CatalogException, sqlite3.OperationalError) as missing:
            assert re.search("does not exist|no such table", str(missing)), missing
            continue  # it was not made yet
        assert arrived <= changed.source[table]


@pytest.mark.timeout(TIMEOUT_S)
@pytest.mark.parametrize("kind", [DuckdbFile, SqliteFile])
def test_syncs_into_a_disk_that_gets_full_tell_it_and_go_on_when_there_is_room(
    kind, ringsync, config, session, keyspace, tmp_path, measured
):
    syncs = Syncs(ringsync, config(keyspace, **BOUNDS))
    first = kind(tmp_path / "warehouse-first.db")
    changed = changed_shop(session, keyspace, lambda _: syncs.run_whole(first))
    full = 0
    with mounted(tmp_path / "disk") as disk:
        destinations = Destinations(first, disk.folder)
        ranges = {
            is_later: taken_by_a_sync(disk, syncs, destinations, is_later)
            for is_later in (False, True)
        }
        syncs.resumed = 0
        for share, is_later in spread(1):
            disk.resize(ROOMY_BYTES)
            destination = destinations.new(is_later)
            used = ranges[is_later]
            disk.resize(used.start + max(int(share * len(used)), PAGE_BYTES))
            done = syncs.run(destination)
            full += done.returncode != 0
            if done.returncode != 0:
                assert done.returncode == DESTINATION, done.stderr
                told = errors_in(done.stderr)
                assert set(told.values()) == {"destination"}, told
                assert all(re.search("full|No space", message) for message in told), told
                if not is_later:  # on another disk, so that nothing but a sync mends it
                    check_committed(changed, kind(tmp_path / f"copy-{share}.db", destination))
            disk.resize(ROOMY_BYTES)
            syncs.run_whole(destination)
            changed.check(destination, is_later)
            destinations.remove(destination)
    assert full >= LANDED_LEAST, f"{full} of {COUNT} disks were full"
    assert syncs.resumed >= COUNT // 10, "hardly a restart had a checkpoint"
    measured(
        f"{COUNT} disks, {full} full; sizes over {len(ranges[False]) >> 10} KiB of first and"
        f" {len(ranges[True]) >> 10} KiB of later syncs; {syncs.resumed} restarts behind a"
        " checkpoint"
    )
