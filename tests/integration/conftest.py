"""What integration tests run against: a real Cassandra node, real data, the built program.

Nothing here skips: a missing program or a node that does not start fails the tests that need it.
Tests marked every_version run on each of VERSIONS, the others on the first; `--cassandra=3.11`
chooses. One node runs at a time. RINGSYNC_TEST_CASSANDRA names the JSON of a running node to use
for its version instead of starting one (quicker for a developer), RINGSYNC the program (default:
build/release/ringsync).
"""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tools"))

import bounds  # noqa: E402
import checksum  # noqa: E402
import cql_session  # noqa: E402
import duckdb  # noqa: E402
import fivetran_client  # noqa: E402
import nyc as nyc_loader  # noqa: E402
import planted  # noqa: E402
import read_back  # noqa: E402
from cassandra import RequestValidationException  # noqa: E402
from cassandra import protocol as cassandra_protocol  # noqa: E402
from nodes import planted_login, tool  # noqa: E402
from sanitizers import SANITIZERS  # noqa: E402

VERSIONS = ("5.0", "4.1", "3.11")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--cassandra",
        action="append",
        choices=VERSIONS,
        help="run on this version only (may be repeated)",
    )
    parser.addini(
        "fixture_timeout",
        "seconds that a test's set-up, and its teardown, may take",
        "string",
        "2400",
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    with bounds.bounded("set-up", int(item.config.getini("fixture_timeout"))):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    with bounds.bounded("teardown", int(item.config.getini("fixture_timeout"))):
        return (yield)


def _chosen(config: pytest.Config) -> list[str]:
    chosen = config.getoption("--cassandra") or VERSIONS
    return [version for version in VERSIONS if version in chosen]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that needs a node gets one of each version that it is for; the first has no suffix."""
    if "cassandra" not in metafunc.fixturenames:
        return
    everywhere = metafunc.definition.get_closest_marker("every_version") is not None
    versions = _chosen(metafunc.config) if everywhere else VERSIONS[:1]
    ids = [pytest.HIDDEN_PARAM if version == VERSIONS[0] else version for version in versions]
    metafunc.parametrize("cassandra", versions, ids=ids, indirect=True, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without the first version in the choice, what only runs there is left out."""
    if VERSIONS[0] in _chosen(config):
        return
    kept = [item for item in items if item.get_closest_marker("every_version") is not None]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def _reporting(options: dict) -> dict:
    if "env" not in options:
        return options
    return {**options, "env": {**SANITIZERS, **options["env"]}}


@dataclasses.dataclass(frozen=True)
class Ringsync:
    """The program under test; standard output and error are text."""

    program: pathlib.Path
    folder: pathlib.Path

    def run(
        self, *arguments: object, timeout_s: float = 120, **options
    ) -> subprocess.CompletedProcess:
        """Runs it to its end; `options` go to subprocess.run. A hang fails with TimeoutExpired."""
        done = subprocess.run(
            [self.program, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            **{"cwd": self.folder, **_reporting(options)},
        )
        planted.WATCH.note(done.stdout, f"standard output of {arguments}")
        planted.WATCH.note(done.stderr, f"standard error of {arguments}")
        return done

    def start(self, *arguments: object, **options) -> subprocess.Popen:
        """Starts it for a test that interrupts it; the test ends and waits for it."""
        return planted.WatchedProcess(
            [self.program, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            text=True,
            **{
                "stdout": subprocess.PIPE,
                "stderr": subprocess.PIPE,
                "cwd": self.folder,
                **_reporting(options),
            },
        )


@pytest.fixture(scope="session")
def cassandra(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict]:
    """A node of the test's version: host, port, username, password, datacenter, version."""
    version: str = request.param
    running = os.environ.get("RINGSYNC_TEST_CASSANDRA")
    if running:
        node = cql_session.read_node(pathlib.Path(running))
        if node["version"].startswith(version + "."):
            with planted_login(node) as planted_node:
                yield planted_node
            return
    directory = tmp_path_factory.mktemp("cassandra")
    # The others have less to do than the first: for them, a quick start counts for more.
    light = [] if version == VERSIONS[0] else ["--light", "--heap", "768m"]
    try:
        node = json.loads(
            tool("cassandra.py", "start", "--dir", directory, "--version", version, *light)
        )
        with planted_login(node) as planted_node:
            yield planted_node
    finally:
        tool("cassandra.py", "stop", "--dir", directory)


@pytest.fixture(scope="session")
def session(cassandra: dict) -> Iterator[cql_session.Session]:
    """A driver session on the node; rows are tuples."""
    connected = cql_session.connect(cassandra)
    yield connected
    connected.cluster.shutdown()


@dataclasses.dataclass(frozen=True)
class Offers:
    """What a server has and another lacks. Found out by trying: version numbers do not tell."""

    sai: bool  # CREATE CUSTOM INDEX … USING 'StorageAttachedIndex'
    vectors: bool  # the type vector<float, 3>
    maxwritetime: bool  # the function MAXWRITETIME


@pytest.fixture(scope="session")
def offers(session: cql_session.Session, cassandra: dict) -> Offers:
    """What the node offers, for tests that only some servers can be put to."""
    name = f"offers_{uuid.uuid4().hex[:12]}"
    session.execute(
        f"CREATE KEYSPACE {name} WITH replication ="
        f" {{'class': 'NetworkTopologyStrategy', '{cassandra['datacenter']}': 1}}"
    )

    def takes(statement: str) -> bool:
        try:
            session.execute(statement)
        except (RequestValidationException, cassandra_protocol.RequestValidationException):
            return False
        return True

    try:
        session.execute(f"CREATE TABLE {name}.t (id int PRIMARY KEY, at timestamp)")
        return Offers(
            sai=takes(f"CREATE CUSTOM INDEX i ON {name}.t (at) USING 'StorageAttachedIndex'"),
            vectors=takes(f"CREATE TABLE {name}.v (id int PRIMARY KEY, v vector<float, 3>)"),
            maxwritetime=takes(f"SELECT MAXWRITETIME(at) FROM {name}.t"),
        )
    finally:
        session.execute(f"DROP KEYSPACE {name}", timeout=600)


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict]:
    """A server on a free loopback port: host, port, username, password."""
    folder = tmp_path_factory.mktemp("postgresql")
    tool = [sys.executable, REPOSITORY / "tools" / "postgresql" / "postgresql.py"]
    started = subprocess.run(
        [*tool, "start", "--dir", folder], capture_output=True, text=True, check=False
    )
    try:
        assert started.returncode == 0, started.stderr
        server = json.loads(started.stdout)
        planted.WATCH.plant(server["password"], "PostgreSQL's password")
        yield server
    finally:
        subprocess.run([*tool, "stop", "--dir", folder], check=True)


@pytest.fixture(params=["duckdb", "sqlite", "postgresql"])
def every_destination(
    request: pytest.FixtureRequest, tmp_path: pathlib.Path
) -> read_back.DuckdbFile | read_back.SqliteFile | read_back.PostgresqlDatabase:
    """A fresh destination of each kind; the files do not exist yet."""
    if request.param == "duckdb":
        return read_back.DuckdbFile(tmp_path / "warehouse.db")
    if request.param == "sqlite":
        return read_back.SqliteFile(tmp_path / "warehouse.sqlite")
    return read_back.PostgresqlDatabase(request.getfixturevalue("postgresql_server"))


@pytest.fixture(scope="session")
def nyc(cassandra: dict) -> str:
    """Name of the keyspace with the flights, for tests that only read it."""
    nyc_loader.load(cassandra, "nyc")
    return "nyc"


@pytest.fixture
def keyspace(session: cql_session.Session, cassandra: dict) -> Iterator[str]:
    """Name of an empty keyspace of the test's own, dropped after it."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    session.execute(
        f"CREATE KEYSPACE {name} WITH replication ="
        f" {{'class': 'NetworkTopologyStrategy', '{cassandra['datacenter']}': 1}}"
    )
    yield name
    session.execute(f"DROP KEYSPACE {name}", timeout=600)


@pytest.fixture
def ringsync(tmp_path: pathlib.Path) -> Ringsync:
    """The built program, run in the test's own folder."""
    program = pathlib.Path(os.environ.get("RINGSYNC", REPOSITORY / "build/release/ringsync"))
    if not os.access(program, os.X_OK):
        pytest.fail(
            f"there is no program {program}; build it (cmake --preset release && cmake --build"
            " --preset release) or name it in RINGSYNC",
            pytrace=False,
        )
    return Ringsync(program.resolve(), tmp_path)


@pytest.fixture
def config(cassandra: dict, tmp_path: pathlib.Path) -> Callable[..., pathlib.Path]:
    """Writes a configuration for a keyspace and returns its path.

    config("nyc", password="wrong", omit=["host_2"]): other keys and values as given, those of
    `omit` left out. Without that it holds the original example's keys, all values texts.
    """

    def write(
        keyspace: str, omit: Sequence[str] = (), name: str = "configuration.json", **overrides
    ) -> pathlib.Path:
        values = {
            "host_1": cassandra["host"],
            "host_2": "",
            "host_3": "",
            "port": str(cassandra["port"]),
            "username": cassandra["username"],
            "password": cassandra["password"],
            "data_center_region": cassandra["datacenter"],
            "keyspace": keyspace,
            **overrides,
        }
        path = tmp_path / name
        kept = {key: value for key, value in values.items() if key not in omit}
        path.write_text(json.dumps(kept, indent=2))
        planted.WATCH.give(path)
        return path

    return write


@pytest.fixture
def source_fingerprint(cassandra: dict) -> Callable[..., dict[str, dict]]:
    """source_fingerprint(keyspace, tables=None): rows and checksum per table, by the driver."""

    def read(keyspace: str, tables: list[str] | None = None) -> dict[str, dict]:
        return nyc_loader.fingerprint(cassandra, keyspace, tables)

    return read


@pytest.fixture
def destination_fingerprint() -> Callable[..., dict[str, dict]]:
    """destination_fingerprint(file, keyspace, cql_types={}): the same of a DuckDB file.

    Counts live rows only (not `_fivetran_deleted`) and leaves `_fivetran_` columns out.
    `cql_types` maps table to {column: CQL type} where texts stand for decimal, uuid, inet, time or
    duration.
    """

    def read(
        file: pathlib.Path, keyspace: str, cql_types: dict[str, dict[str, str]] | None = None
    ) -> dict[str, dict]:
        with duckdb.connect(str(file), read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            columns: dict[str, dict[str, str]] = {}
            for table, column, column_type in connection.execute(
                "SELECT table_name, column_name, data_type FROM information_schema.columns"
                " WHERE table_schema = ? ORDER BY table_name, ordinal_position",
                [keyspace],
            ).fetchall():
                columns.setdefault(table, {})[column] = column_type
            return {
                table: _read_destination(
                    connection, keyspace, table, found, (cql_types or {}).get(table, {})
                )
                for table, found in columns.items()
            }

    return read


def _read_destination(
    connection: duckdb.DuckDBPyConnection,
    keyspace: str,
    table: str,
    database_types: dict[str, str],
    types: dict[str, str],
) -> dict:
    columns = [name for name in database_types if not name.startswith("_fivetran_")]
    # Without their zone, times are plain to read for DuckDB's Python module, and quick.
    zoned = "TIMESTAMP WITH TIME ZONE"
    selected = ", ".join(
        cql_session.quoted(column)
        + (" AT TIME ZONE 'UTC'" if database_types[column] == zoned else "")
        for column in columns
    )
    live = " WHERE NOT _fivetran_deleted" if "_fivetran_deleted" in database_types else ""
    cursor = connection.execute(
        f"SELECT {selected} FROM {cql_session.quoted(keyspace)}.{cql_session.quoted(table)}{live}"
    )
    column_types = [types.get(column, "") for column in columns] if types else None
    table_sum = checksum.TableChecksum(columns, column_types)
    while rows := cursor.fetchmany(10_000):
        table_sum.add(rows)
    return table_sum.result()


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """measured(text): a figure of this test, for the end of the run and the results' file."""

    def note(text: str) -> None:
        record_property("measured", text)

    return note


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A test that left a planted secret fails, whatever it looked at itself (planted.py)."""
    report = yield
    if report.when != "teardown":
        return report
    for name, text in report.sections:
        planted.WATCH.note(text, name)
    folder = (getattr(item, "funcargs", None) or {}).get("tmp_path")
    if folder is not None:
        planted.WATCH.look_into(folder)
    leaks = planted.WATCH.take_leaks()
    if leaks:
        report.outcome, report.longrepr = "failed", "\n".join(leaks)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("passed"):
        for name, text in report.user_properties if report.when == "call" else []:
            terminalreporter.write_line(f"{name} by {report.nodeid.split('/')[-1]}: {text}")


@pytest.fixture
def fivetran_configuration(cassandra: dict) -> Callable[..., dict[str, str]]:
    """fivetran_configuration(keyspace, omit=(), **keys): what Fivetran hands over, all texts."""

    def make(keyspace: str, omit: Sequence[str] = (), **keys: object) -> dict[str, str]:
        values = {
            "host_1": cassandra["host"],
            "port": cassandra["port"],
            "username": cassandra["username"],
            "password": cassandra["password"],
            "data_center_region": cassandra["datacenter"],
            "keyspace": keyspace,
            **keys,
        }
        return {key: str(value) for key, value in values.items() if key not in omit}

    return make


@pytest.fixture
def serve(ringsync: Ringsync) -> Iterator[fivetran_client.Server]:
    """`ringsync serve` on a free port; its log must have the contract's form to the end."""
    with fivetran_client.Server(ringsync.program, ringsync.folder) as server:
        yield server
    server.log()


@pytest.fixture
def fivetran(serve: fivetran_client.Server) -> Iterator[fivetran_client.Client]:
    """Fivetran's side of a connection to that server."""
    with fivetran_client.Client(serve.port) as client:
        yield client
