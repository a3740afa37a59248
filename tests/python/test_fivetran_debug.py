"""connector/ by `fivetran debug` of the newest Connector SDK, against a real Cassandra: what is in
its warehouse.db equals the source, at first, after changes, and after a kill in the middle."""

import datetime
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import cql_values
import duckdb
import planted
import pytest
from cql_values import nested, scalar
from integration_files import REPOSITORY
from test_differential import Source, Table, compare, is_nan

SDK = REPOSITORY / ".deps" / "fivetran_sdk"
pytestmark = pytest.mark.timeout(600)

SCALARS = [
    "ascii", "text", "tinyint", "smallint", "int", "bigint", "double", "boolean", "timestamp",
    "date", "time", "uuid", "timeuuid", "inet", "duration", "blob",
]  # fmt: skip
TYPES = Table(
    "types",
    {
        "id": scalar("int"),
        **{f"a_{kind}": scalar(kind) for kind in SCALARS},
        "a_map": nested("map", scalar("text"), scalar("int"), frozen=False),
        "a_list": nested("list", scalar("int"), frozen=False),
    },
)
EVENTS_COUNT = 30_000


class Project:
    """A copy of connector/ with a configuration for the node."""

    def __init__(self, folder: pathlib.Path, configuration: dict):
        self.folder = folder
        shutil.copytree(REPOSITORY / "connector", folder)
        (folder / "configuration.json").write_text(json.dumps(configuration))
        self._environment = {
            **os.environ,
            "PATH": f"{SDK / 'bin'}:{os.environ['PATH']}",
            "DO_NOT_TRACK": "1",
        }
        self._environment.pop("PYTHONPATH", None)  # the package is installed there

    def start(self) -> subprocess.Popen:
        return planted.WatchedProcess(
            [SDK / "bin/fivetran", "debug", "--configuration", "configuration.json"],
            cwd=self.folder, env=self._environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip

    def debug(self) -> str:
        process = self.start()
        said, _ = process.communicate(timeout=300)
        assert process.returncode == 0, said
        assert "not found locally" not in said, "the SDK asks the package index for ringsync"
        return said

    def rows(self, table: str) -> list[dict]:
        """Live rows."""
        with duckdb.connect(str(self.folder / "files/warehouse.db"), read_only=True) as warehouse:
            warehouse.execute("SET TimeZone = 'UTC'")
            found = warehouse.execute(
                f"SELECT * FROM tester.{table} WHERE NOT coalesce(_fivetran_deleted, false)"
            )
            names = [column[0] for column in found.description]
            return [dict(zip(names, row)) for row in found.fetchall()]


@pytest.fixture
def shop(session, keyspace):
    """A keyspace with a table of every type that Fivetran keeps exactly, and one of events."""
    import random

    source = Source(session, keyspace, random.Random(7))
    source.make(TYPES)
    source.fill(TYPES, 0, 300)
    session.execute(
        f"CREATE TABLE {keyspace}.events (id int PRIMARY KEY, note text, updated_at timestamp)"
    )
    now = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    insert = session.prepare(
        f"INSERT INTO {keyspace}.events (id, note, updated_at) VALUES (?, ?, ?)"
    )
    from cassandra.concurrent import execute_concurrent_with_args

    rows = [(row, f"note {row}", now) for row in range(EVENTS_COUNT)]
    execute_concurrent_with_args(session, insert, rows, concurrency=64)
    return keyspace, source


def as_read(cql_type, value):
    nested_text = cql_type.inside and isinstance(value, str)
    return cql_values.from_destination(
        cql_type, cql_values.parsed_json(value) if nested_text else value
    )


def as_kept(rows: dict) -> dict:
    """Rows as warehouse.db can hold them: `fivetran debug` leaves U+0000 out of its texts, makes
    NULL of NaN and zero of subnormal numbers."""

    def kept(name, value):
        cql_type = TYPES.columns[name]
        if is_nan(cql_type, value):
            return None
        if cql_type.kind == "double" and value and value[1:3] == "00" and value[0] in "08":
            return "0" * 16
        return value.replace("\0", "") if cql_type.kind in ("ascii", "text") and value else value

    return {
        row: {name: kept(name, value) for name, value in cells.items()}
        for row, cells in rows.items()
    }


def assert_equal(project, session, keyspace, source) -> int:
    got = {
        row["id"]: {name: as_read(TYPES.columns[name], row[name]) for name in TYPES.columns}
        for row in project.rows("types")
    }
    compared = compare(TYPES, as_kept(source.rows(TYPES)), got)
    driver = {
        row[0]: (row[1], row[2].replace(tzinfo=datetime.UTC))
        for row in session.execute(f"SELECT id, note, updated_at FROM {keyspace}.events")
    }
    events = {row["id"]: (row["note"], row["updated_at"]) for row in project.rows("events")}
    assert events == driver
    return compared + 3 * len(driver)


def test_the_first_and_an_incremental_sync_equal_the_source(
    configuration, session, shop, tmp_path, measured
):
    keyspace, source = shop
    project = Project(tmp_path / "project", configuration(keyspace, type_mapping="lossless"))
    project.debug()
    compared = assert_equal(project, session, keyspace, source)
    session.execute(
        f"UPDATE {keyspace}.events SET note = 'new', updated_at = toTimestamp(now()) WHERE id = 5"
    )
    session.execute(f"DELETE FROM {keyspace}.types WHERE id = 17")
    source.fill(TYPES, 1000, 20)
    project.debug()
    compared += assert_equal(project, session, keyspace, source)
    measured(f"cells of warehouse.db equal to what the driver reads: {compared}")


def is_in_the_middle(state: pathlib.Path) -> bool:
    """Whether a state that holds a part of the events' rows is saved."""
    try:
        events = json.loads(state.read_text())["tables"]["events"]
    except (OSError, ValueError, KeyError):  # not there yet, or being written
        return False
    return any(events.get("run", {}).get(part) for part in ("active", "done"))


def test_killed_in_the_middle_and_run_again_it_equals_the_source(
    configuration, session, shop, tmp_path
):
    keyspace, source = shop
    project = Project(tmp_path / "project", configuration(keyspace, type_mapping="lossless"))
    state = project.folder / "files/state.json"
    process = project.start()
    try:
        deadline = time.monotonic() + 120
        while not is_in_the_middle(state):
            assert process.poll() is None, process.stdout.read()
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    said = project.debug()
    assert "resumed" in said, said
    assert_equal(project, session, keyspace, source)
