"""connector/ by `fivetran debug` of the newest Connector SDK, against a real Cassandra: what is in
its warehouse.db equals the source, at first, after changes, and after a kill in the middle."""

import datetime
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import time

import cql_values
import duckdb
import planted
import pytest
from cassandra.concurrent import execute_concurrent_with_args
from cql_values import nested, scalar
from fivetran_values import expected, held_type
from integration_files import REPOSITORY
from sockets import unvisited_port
from test_differential import Source, Table, compare, is_nan, user_types

SDK = REPOSITORY / ".deps" / "fivetran_sdk"
pytestmark = pytest.mark.timeout(600)

SCALARS = [
    "ascii", "text", "tinyint", "smallint", "int", "bigint", "varint", "float", "double", "decimal",
    "boolean", "timestamp", "date", "time", "uuid", "timeuuid", "inet", "duration", "blob",
]  # fmt: skip
ADDRESS = user_types()["address"]
TYPES = Table(
    "types",
    {
        "id": scalar("int"),
        **{f"a_{kind}": scalar(kind) for kind in SCALARS},
        "a_map": nested("map", scalar("text"), scalar("int"), frozen=False),
        "a_list": nested("list", scalar("int"), frozen=False),
        "a_set": nested("set", scalar("uuid"), frozen=False),
        "a_tuple": nested("tuple", scalar("int"), scalar("text")),
        "a_vector": nested("vector", scalar("float"), size=3),
        "an_address": ADDRESS,
    },
)
KEYED = Table(
    "keyed",
    {"region": scalar("uuid"), "day": scalar("date"), "id": scalar("int"), "n": scalar("decimal")},
    "region, day, id",
    key_columns=frozenset({"region", "day"}),
)
TABLES = (TYPES, KEYED)
EXPONENTS = {"float": 0x7F80_0000, "double": 0x7FF0_0000_0000_0000}  # their bits
EVENTS_COUNT = 30_000
LONG_AGO = "2024-06-01 00:00:01"


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

    def _end(self) -> tuple[int, str]:
        process = self.start()
        said, _ = process.communicate(timeout=300)
        return process.returncode, said

    def debug(self) -> str:
        code, said = self._end()
        assert code == 0, said
        assert "not found locally" not in said, "the SDK asks the package index for ringsync"
        return said

    def fail(self) -> str:
        code, said = self._end()
        assert code != 0, said
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
    """A keyspace with a table of every type, one with a key of three columns, and one of events."""
    source = Source(session, keyspace, random.Random(7))
    source.make_type(ADDRESS)
    for table in TABLES:
        source.make(table)
        source.fill(table, 0, 300)
    session.execute(
        f"CREATE TABLE {keyspace}.events (id int PRIMARY KEY, note text, updated_at timestamp)"
    )
    now = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    insert = session.prepare(
        f"INSERT INTO {keyspace}.events (id, note, updated_at) VALUES (?, ?, ?)"
    )
    rows = [(row, f"note {row}", now) for row in range(EVENTS_COUNT)]
    execute_concurrent_with_args(session, insert, rows, concurrency=64)
    return keyspace, source


def as_read(cql_type, mapping, is_key, value):
    cql_type = held_type(cql_type, mapping, is_key)
    nested_text = cql_type.inside and isinstance(value, str)
    return cql_values.from_destination(
        cql_type, cql_values.parsed_json(value) if nested_text else value
    )


def as_kept(table: Table, mapping: str, rows: dict) -> dict:
    """Rows as warehouse.db can hold them: `fivetran debug` leaves U+0000 out of its texts, makes
    NULL of NaN and zero of subnormal numbers."""

    def kept(name, value):
        cql_type = table.columns[name]
        is_key = name in table.key_columns
        value = expected(cql_type, mapping, is_key, value)
        cql_type = held_type(cql_type, mapping, is_key)
        if is_nan(cql_type, value):
            return None
        exponent = EXPONENTS.get(cql_type.kind)
        if exponent and value and int(value, 16) & exponent == 0:
            return "0" * len(value)
        return value.replace("\0", "") if cql_type.kind in ("ascii", "text") and value else value

    return {
        row: {name: kept(name, value) for name, value in cells.items()}
        for row, cells in rows.items()
    }


class Truth:
    """What warehouse.db must have under a type mapping; `unseen`: ids of events that it lacks."""

    def __init__(self, session, shop, mapping, unseen=frozenset()):
        self._session, (self._keyspace, self._source) = session, shop
        self._mapping, self._unseen = mapping, unseen

    def check(self, project: Project) -> int:
        """The number of cells compared."""
        return self._check_events(project) + sum(self._check(project, table) for table in TABLES)

    def _check(self, project, table) -> int:
        got = {
            row["id"]: {
                name: as_read(each, self._mapping, name in table.key_columns, row[name])
                for name, each in table.columns.items()
            }
            for row in project.rows(table.name)
        }
        return compare(table, as_kept(table, self._mapping, self._source.rows(table)), got)

    def _check_events(self, project) -> int:
        read = self._session.execute(f"SELECT id, note, updated_at FROM {self._keyspace}.events")
        driver = {
            row: (note, at.replace(tzinfo=datetime.UTC))
            for row, note, at in read
            if row not in self._unseen
        }
        events = {row["id"]: (row["note"], row["updated_at"]) for row in project.rows("events")}
        assert events == driver
        return 3 * len(driver)


@pytest.mark.parametrize("mapping", ["compatible", "lossless"])
def test_the_first_and_an_incremental_sync_equal_the_source(
    configuration, session, shop, tmp_path, measured, mapping
):
    keyspace, source = shop
    more = {} if mapping == "compatible" else {"type_mapping": mapping}
    project = Project(
        tmp_path / "project", configuration(keyspace, on_unrepresentable="null", **more)
    )
    truth = Truth(session, shop, mapping)
    project.debug()
    compared = truth.check(project)
    session.execute(
        f"UPDATE {keyspace}.events SET note = 'new', updated_at = toTimestamp(now()) WHERE id = 5"
    )
    session.execute(f"DELETE FROM {keyspace}.types WHERE id = 17")
    source.fill(TYPES, 1000, 20)
    project.debug()
    compared += truth.check(project)
    measured(f"cells of warehouse.db equal to what the driver reads: {compared}")


def test_a_state_that_the_original_example_has_saved_is_gone_on_from(
    configuration, session, shop, tmp_path
):
    keyspace, _ = shop
    session.execute(
        f"INSERT INTO {keyspace}.events (id, updated_at) VALUES (-1, '{LONG_AGO}+0000')"
    )
    project = Project(tmp_path / "project", configuration(keyspace, on_unrepresentable="null"))
    (project.folder / "files").mkdir(exist_ok=True)
    saved = {"events": {"last_updated_at": "2024-07-01 00:00:00"}}
    (project.folder / "files/state.json").write_text(json.dumps(saved))
    said = project.debug()
    assert "stay unseen" in said, said
    Truth(session, shop, "compatible", unseen={-1}).check(project)


def test_what_cannot_be_done_is_told_as_severe_and_ends_the_sync(configuration, shop, tmp_path):
    keyspace, _ = shop
    with unvisited_port() as port:
        wrong = {**configuration(keyspace), "keyspace": "", "host_1": "127.0.0.1", "port": port}
        said = Project(tmp_path / "config", wrong).fail()
        assert "error[config]" in said and "keyspace" in said, said
    wrong = {**configuration(keyspace), "password": "not the password"}
    said = Project(tmp_path / "auth", wrong).fail()
    assert re.search("SEVERE.*error.auth.", said), said


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
    keyspace, _ = shop
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
    Truth(session, shop, "lossless").check(project)
