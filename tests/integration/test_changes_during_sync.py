"""What becomes of tables that change while a sync reads them, in each mode: with columns that come,
go, return and get another type, tables that are dropped, made anew or truncated, and somebody who
writes all the while. After two quiet syncs destination and source are equal, as far as the mode
sees what is deleted.

RINGSYNC_TEST_CHANGES sets how often each mode is put to it, each time at other moments; where it is
set, on every version of Cassandra.
"""

import json
import os
import pathlib
import random
import time

import duckdb
import pytest
from changing_tables import CHANGES, Rows, Source, Writer, compare, plain, slow_keys

ROUNDS = int(os.environ.get("RINGSYNC_TEST_CHANGES", "1"))
QUICK = {"lag_seconds": "1", "overlap_seconds": "5"}
FAILED_SOME = 1
# Tables whose rows of before are in a database's way; their errors say to drop them.
REFUSED = {"blobbed": "destination_table", "rekeyed": "key_changed"}


def everywhere_if_long(test):
    return pytest.mark.every_version(test) if "RINGSYNC_TEST_CHANGES" in os.environ else test


class Sync:
    """Syncs of one keyspace into one DuckDB file."""

    def __init__(self, ringsync, folder: pathlib.Path):
        self._ringsync = ringsync
        self._summary = folder / "summary.json"
        self.database, self.mirror = folder / "warehouse.db", folder / "state.json"

    def _arguments(self, configuration: pathlib.Path) -> list:
        return ["sync", "--configuration", configuration, "--to", f"duckdb:{self.database}",
                "--summary-json", self._summary]  # fmt: skip

    def run(self, configuration: pathlib.Path, code: int = 0) -> dict[str, dict]:
        done = self._ringsync.run(*self._arguments(configuration))
        assert done.returncode == code, done.stderr + done.stdout
        self.log = done.stderr
        return self.tables()

    def start(self, configuration: pathlib.Path):
        return self._ringsync.start(
            *self._arguments(configuration), "--state", self.mirror, "--commit-rows", "50"
        )

    def tables(self) -> dict[str, dict]:
        return {table["name"]: table for table in json.loads(self._summary.read_text())["tables"]}

    def is_reading(self, table: str) -> bool:
        """By the last commit: rows of it are there, and more are to come."""
        try:
            state = json.loads(self.mirror.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return False
        run = state["tables"].get(table, {}).get("run")
        return run is not None and bool(run["active"] or run["done"])

    def rows(self, keyspace: str, table: str, columns: list[str]) -> Rows:
        shown = ", ".join(f'"{column}"' for column in columns)
        with duckdb.connect(str(self.database), read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            rows = connection.execute(
                f'SELECT {shown} FROM "{keyspace}"."{table}" WHERE NOT _fivetran_deleted'
            ).fetchall()
        cells = [dict(zip(columns, map(plain, row), strict=True)) for row in rows]
        found = {(each["id"], each["n"]): each for each in cells}
        assert len(found) == len(rows), f"{table}: a key twice"
        return found

    def drop(self, keyspace: str, table: str) -> None:
        with duckdb.connect(str(self.database)) as connection:
            connection.execute(f'DROP TABLE "{keyspace}"."{table}"')


def change_each_in_its_turn(sync: Sync, process, source: Source, rng: random.Random) -> list[str]:
    """Changes each table at some moment of its scan; returns those where that was in time."""
    left, in_time = list(CHANGES), []
    deadline = time.monotonic() + 300
    while left:
        reading = [table for table in left if sync.is_reading(table)]
        if not reading and process.poll() is None:
            assert time.monotonic() < deadline, f"the sync does not come to {left}"
            time.sleep(0.01)  # until it has committed more
            continue
        table = (reading or left)[0]
        time.sleep(rng.uniform(0, 0.3) if reading else 0)
        source.change(table)
        left.remove(table)
        if reading and process.poll() is None and sync.is_reading(table):
            in_time.append(table)
    return in_time


def changed_while_read(ringsync, config, session, keyspace, folder, mode, number) -> str:
    """Returns what there is to tell."""
    source, sync = Source(session, keyspace, mode), Sync(ringsync, folder)
    quick = config(keyspace, name="quick.json", **QUICK)
    if mode != "full":
        sync.run(quick)
        source.touch()
    slow = config(keyspace, name="slow.json", **QUICK, **slow_keys(source))
    with Writer(source, number) as writer:
        process = sync.start(slow)
        try:
            in_time = change_each_in_its_turn(sync, process, source, random.Random(number))
            _, log = process.communicate(timeout=300)
        finally:
            process.kill()
    assert process.returncode in (0, FAILED_SOME), log
    failed = [table for table in sync.tables().values() if table["outcome"] == "failed"]
    for table in failed:
        assert table["error"]["code"] == "schema_changed", table
        assert CHANGES[table["name"]], f"{table['name']} was not changed"
    if mode == "index":
        assert any(table["index_windows"] for table in sync.tables().values())
    assert len(in_time) >= len(CHANGES) - 3, f"only {in_time} were changed in time"
    check_after_quiet_syncs(sync, quick, source)
    left_over = {
        table: compare(
            source, writer, table, sync.rows(keyspace, table, source.column_names(table))
        )
        for table in CHANGES
        if table != "gone"
    }
    if mode != "full":
        assert left_over["truncated"] > 0, "deletes are not seen, the documents say"
    return (
        f"{mode}: {len(in_time)} of {len(CHANGES)} changes in mid-scan, {len(failed)} tables failed"
        f" by schema_changed, {writer.writes} writes meanwhile, equal after two quiet syncs"
        f" ({sum(left_over.values())} rows deleted at the source stay)"
    )


def check_after_quiet_syncs(sync: Sync, quick: pathlib.Path, source: Source) -> None:
    """Two syncs; and as the errors of REFUSED say, one without the old rows of those tables."""
    kept = sync.rows(source.keyspace, "gone", ["id", "n", "v"])
    assert kept
    for number in range(2):
        tables = sync.run(quick, FAILED_SOME)
        assert ("table gone: the keyspace does not have it" in sync.log) == (number == 0)
        for name, table in tables.items():
            if name in REFUSED:
                assert table["error"]["code"] == REFUSED[name], table
            else:
                assert table["outcome"] == "done", table
    for table in REFUSED:
        sync.drop(source.keyspace, table)
    sync.run(quick)
    assert sync.rows(source.keyspace, "gone", ["id", "n", "v"]) == kept


@everywhere_if_long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize("mode", ["full", "scan"])
def test_two_quiet_syncs_make_equal_what_changed_while_it_was_scanned(
    ringsync, config, session, keyspace, tmp_path, measured, mode, number
):
    measured(changed_while_read(ringsync, config, session, keyspace, tmp_path, mode, number))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", range(ROUNDS))
def test_two_quiet_syncs_make_equal_what_changed_while_it_was_read_by_index(
    ringsync, config, session, keyspace, tmp_path, measured, number
):
    measured(changed_while_read(ringsync, config, session, keyspace, tmp_path, "index", number))
