"""Each contender of the section `peers`: how it is started, with which settings, and how the rows
that it brought are counted. bench/README.md says how the settings were chosen."""

import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator

import duckdb
import psycopg
import pyarrow.dataset
from fivetran import BASELINE, PACKAGE, flights, serve_command, served
from harness import BUILD, DATA, FLIGHTS_ROWS, ROOT, figures, sync

sys.path += [str(ROOT / "tools" / name) for name in ("cassandra", "postgresql")]
sys.path.append(str(BASELINE))

import distribution  # noqa: E402
import nyc_data  # noqa: E402
import postgresql  # noqa: E402
from history import WINDOW as HISTORY_WINDOW  # noqa: E402
from history import WINDOWS as HISTORY_WINDOWS  # noqa: E402
from history import windows as history_windows  # noqa: E402

SCRIPTS = ROOT / "bench" / "peers"
PROGRAMS = ROOT / ".deps" / "peers"

CQLSH_SETTINGS = "NUMPROCESSES=2 AND PAGESIZE=5000"
DSBULK_JAVA = ("-Xmx512m", "-XX:+UseParallelGC")
SPARK_SETTINGS = {
    "spark.cassandra.input.fetch.sizeInRows": "5000",
    "spark.ui.enabled": "false",
    "spark.log.level": "WARN",
    "spark.sql.extensions": "com.datastax.spark.connector.CassandraSparkExtensions",
}
SPARK = ROOT / ".deps" / "spark"  # the one of the tests
QUIET = {"spark.ui.enabled": "false", "spark.log.level": "WARN"}
# Spark brings its own of these.
SPARK_HAS = ("scala-library", "scala-reflect", "slf4j-api")


@dataclasses.dataclass(frozen=True)
class Source:
    """The flights in one keyspace."""

    node: dict
    keyspace: str
    copies: int
    page_bytes: float  # of all its rows, as drain counts them
    requests: Callable[[], int]  # pages of it that the node has been asked for so far

    @property
    def rows(self) -> int:
        return self.copies * FLIGHTS_ROWS


def ringsync_to_null(source: Source, folder: pathlib.Path) -> dict:
    return sync(source.node, source.keyspace, "null:", folder)


def ringsync_to_grpc(source: Source, folder: pathlib.Path, **pace: object) -> dict:
    """Figures of the server; the client counts, or with `parse` makes an object of each record."""
    command = serve_command(BUILD / "ringsync")
    got = served(command, flights(source.node, source.keyspace), folder, **pace)
    taken = {name: got[name] for name in ("wall_s", "cpu_s")}
    rows = got["rows"] - (got["rows"] == source.rows + 1)  # TRUNCATE may be a record too
    return peer_figures(source, taken | {"peak_kib": got["peak_mib"] * 1024}, rows)


def ringsync_to_duckdb(source: Source, folder: pathlib.Path) -> dict:
    file = folder / "warehouse.db"
    taken = sync(source.node, source.keyspace, f"duckdb:{file}", folder)
    with duckdb.connect(str(file), read_only=True) as warehouse:
        return taken | {"rows": count_in(warehouse, source)}


def ringsync_to_postgresql(server: dict, source: Source, folder: pathlib.Path) -> dict:
    with new_database(server) as uri:
        taken = sync(source.node, source.keyspace, uri, folder)
        with psycopg.connect(uri) as warehouse:
            return taken | {"rows": count_in(warehouse, source)}


def count_in(warehouse: duckdb.DuckDBPyConnection | psycopg.Connection, source: Source) -> int:
    return warehouse.execute(f"SELECT count(*) FROM {source.keyspace}.flights").fetchone()[0]


@contextlib.contextmanager
def postgresql_server() -> Iterator[dict]:
    folder = DATA / "postgresql"
    server = postgresql.start(folder)
    try:
        yield server
    finally:
        postgresql.stop(folder)


@contextlib.contextmanager
def new_database(server: dict) -> Iterator[str]:
    """URI of an empty database, which is dropped afterwards."""
    name = f"warehouse_{uuid.uuid4().hex[:12]}"
    login = f"postgresql://{server['username']}:{server['password']}"
    address = f"{login}@{server['host']}:{server['port']}"
    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{address}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def ringsync_to_parquet(source: Source, folder: pathlib.Path) -> dict:
    file, configuration = folder / "flights.parquet", folder / "configuration.json"
    configuration.write_text(json.dumps(flights(source.node, source.keyspace)))
    command = [sys.executable, SCRIPTS / "scan_to_parquet.py", configuration, file]
    taken = run(command, folder, PYTHONPATH=PACKAGE)
    return peer_figures(source, taken, parquet_rows(file))


def python_driver(source: Source, folder: pathlib.Path) -> dict:
    command = [sys.executable, SCRIPTS / "driver_alone.py", DATA / "node.json", source.keyspace]
    taken = run(command, folder)
    return peer_figures(source, taken, int((folder / "output").read_text()))


def cqlsh(source: Source, folder: pathlib.Path) -> dict:
    node, file = source.node, folder / "flights.csv"
    copy = f"COPY {source.keyspace}.flights TO '{file}' WITH {CQLSH_SETTINGS}"
    taken = run(
        [PROGRAMS / "cqlsh" / "bin" / "cqlsh", node["host"], node["port"],
         "-u", node["username"], "-p", node["password"], "-e", copy],
        folder,
    )  # fmt: skip
    return peer_figures(source, taken, lines_of(file))


def dsbulk(source: Source, folder: pathlib.Path) -> dict:
    node, to = source.node, folder / "flights"
    taken = run(
        [distribution.find_java(), *DSBULK_JAVA, "-cp", PROGRAMS / "dsbulk_jars" / "*",
         "com.datastax.oss.dsbulk.runner.DataStaxBulkLoader", "unload",
         "-h", node["host"], "-port", node["port"], "-dc", node["datacenter"],
         "-u", node["username"], "-p", node["password"],
         "-k", source.keyspace, "-t", "flights", "-url", to, "-header", "false",
         "-logDir", folder / "logs"],
        folder,
    )  # fmt: skip
    return peer_figures(source, taken, sum(map(lines_of, to.iterdir())))


def spark(source: Source, folder: pathlib.Path) -> dict:
    node, to = source.node, folder / "flights"
    settings = SPARK_SETTINGS | {
        "spark.cassandra.connection.host": node["host"],
        "spark.cassandra.connection.port": node["port"],
        "spark.cassandra.connection.localDC": node["datacenter"],
        "spark.cassandra.auth.username": node["username"],
        "spark.cassandra.auth.password": node["password"],
    }
    jars = PROGRAMS.joinpath("spark_jars").glob("*.jar")
    wanted = sorted(str(jar) for jar in jars if not jar.name.startswith(SPARK_HAS))
    programs = PROGRAMS / "spark" / "bin"
    taken = run(
        [*submit(programs, settings), "--jars", ",".join(wanted),
         SCRIPTS / "spark_to_parquet.py", source.keyspace, to],
        folder,
        PATH=f"{programs}:{os.environ['PATH']}",
        **spark_environment(),
    )  # fmt: skip
    return peer_figures(source, taken, parquet_rows(to))


def ringsync_by_spark(source: Source, folder: pathlib.Path) -> dict:
    to, configuration = folder / "flights", folder / "configuration.json"
    keys = {key: str(value) for key, value in flights(source.node, source.keyspace).items()}
    configuration.write_text(json.dumps(keys))
    taken = run(
        [*submit(SPARK / "bin", QUIET), SCRIPTS / "ringsync_by_spark.py", configuration, to],
        folder,
        PYTHONPATH=f"{PACKAGE}:{SPARK}",
        PYSPARK_PYTHON=sys.executable,
        **spark_environment(),
    )
    return peer_figures(source, taken, parquet_rows(to))


def spark_alone(files: dict[int, pathlib.Path], source: Source, folder: pathlib.Path) -> dict:
    """Reads a file of `files`, which are by copies, instead of the cluster."""
    to = folder / "flights"
    taken = run(
        [*submit(SPARK / "bin", QUIET), SCRIPTS / "spark_alone.py", files[source.copies], to],
        folder,
        PYTHONPATH=SPARK,
        **spark_environment(),
    )
    return peer_figures(source, taken, parquet_rows(to))


def spark_environment() -> dict[str, object]:
    home = pathlib.Path(distribution.find_java()).resolve().parents[1]
    return {"JAVA_HOME": home, "SPARK_LOCAL_IP": "127.0.0.1"}


def submit(programs: pathlib.Path, settings: dict[str, str]) -> list[object]:
    options = [word for key, value in settings.items() for word in ("--conf", f"{key}={value}")]
    return [programs / "spark-submit", "--master", f"local[{os.cpu_count()}]", *options]


def example_in_one_pass(source: Source, folder: pathlib.Path) -> dict:
    taken = example("example_connector.py", source, folder)
    return peer_figures(source, taken, taken["rows"])


def example_as_documented(windows: int, source: Source, folder: pathlib.Path) -> dict:
    """Reads `windows` of the history's windows, and no window for what comes once; the time of the
    others is worked out of the two."""
    some = folder / "some"
    some.mkdir()
    once = example("windowed_connector.py", source, folder, windows=0)
    before = source.requests()
    taken = example("windowed_connector.py", source, some, windows=windows)
    if taken["rows"] != (expected := flights_in(windows) * source.copies):
        raise SystemExit(f"the example brought {taken['rows']} rows of {windows} windows,"
                         f" not {expected}")  # fmt: skip
    factor = HISTORY_WINDOWS / windows
    whole = {name: once[name] + (taken[name] - once[name]) * factor for name in ("wall_s", "cpu_s")}
    whole["peak_kib"] = taken["peak_kib"]
    got = peer_figures(source, whole, source.rows)
    return got | {"requests": round((source.requests() - before) * factor), "windows": windows}


def flights_in(windows: int) -> int:
    """Flights in so many of the history's windows."""
    at = list(nyc_data.FLIGHTS.columns).index("updated_at")
    starts = [start.replace(tzinfo=datetime.UTC) for start in history_windows(windows)]
    partitions = nyc_data.read_partitions(nyc_data.FLIGHTS)
    moments = [row[at] for rows in partitions for row in rows]
    return sum(start <= at < start + HISTORY_WINDOW for start in starts for at in moments)


def example(file: str, source: Source, folder: pathlib.Path, **keys: int) -> dict:
    """What the baseline took, behind the client of the section `fivetran`."""
    command = [sys.executable, BASELINE / "sdk_server.py", BASELINE / file]
    configuration = flights(source.node, source.keyspace) | keys
    got = served(command, configuration, folder)
    return {
        "rows": got["rows"],
        "wall_s": got["wall_s"],
        "cpu_s": got["cpu_s"],
        "peak_kib": got["peak_mib"] * 1024,
    }


def run(command: list, folder: pathlib.Path, **environment: object) -> dict:
    """Runs a peer; returns seconds, CPU-seconds and peak memory. Leaves folder/output."""
    taken, output = folder / "taken.json", folder / "output"
    words = [str(word) for word in [SCRIPTS / "measure.py", taken, *command]]
    with output.open("w") as written, (folder / "errors").open("w") as errors:
        done = subprocess.run(
            [sys.executable, "-I", "-S", *words],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=written, stderr=errors,
            env=os.environ | {name: str(value) for name, value in environment.items()},
        )  # fmt: skip
    if done.returncode != 0:
        said = (output.read_text() + (folder / "errors").read_text())[-2000:]
        raise SystemExit(f"{pathlib.Path(command[0]).name} failed: {said}")
    return json.loads(taken.read_text())


def peer_figures(source: Source, taken: dict, rows: int) -> dict:
    got = figures(rows, source.page_bytes, taken["wall_s"], taken["cpu_s"], taken["peak_kib"])
    of_all_kib = taken.get("peak_of_all_kib")
    return got if of_all_kib is None else got | {"peak_of_all_mib": of_all_kib / 1024}


def lines_of(file: pathlib.Path) -> int:
    with file.open("rb") as content:
        return sum(1 for _ in content)


def parquet_rows(path: pathlib.Path) -> int:
    return pyarrow.dataset.dataset(path, format="parquet").count_rows()
