"""Whole keyspaces into Parquet and Iceberg by Spark, in local[2], on a real Cassandra: what
`ringsync sync` would have brought into DuckDB is there, and the program goes on from it."""

import datetime
import json
import os
import pathlib
import re
import subprocess
import sys

import duckdb
import integration_conftest
import lakes
import planted
import pyspark
import pytest
import ringsync
import test_differential
from cql_session import quoted
from fake_destination import FakeDestination
from fivetran_client import Client, Server
from integration_files import REPOSITORY
from ringsync._spark_merge import Shape
from ringsync._spark_target import Target
from ringsync.spark import hand_over, snapshot, sync

pytestmark = pytest.mark.timeout(600)
program = integration_conftest.ringsync
fivetran_configuration = integration_conftest.fivetran_configuration
filled = test_differential.filled
UTC = datetime.UTC
AT_ONCE = {"lag_seconds": "0", "overlap_seconds": "0"}


@pytest.fixture(scope="module")
def event_log(tmp_path_factory):
    return tmp_path_factory.mktemp("events")


@pytest.fixture(scope="module")
def spark(event_log, tmp_path_factory):
    yield from lakes.spark_with_iceberg(
        tmp_path_factory.mktemp("lake"),
        {
            "spark.eventLog.enabled": "true",
            "spark.eventLog.compress": "false",
            "spark.eventLog.dir": str(event_log),
        },
    )


@pytest.fixture
def target(tmp_path):
    return str(tmp_path / "lake")


def into_duckdb(program, config, keyspace, file, *more, **keys):
    """A sync by the program; the summary's tables by name."""
    summary = file.with_suffix(".json")
    done = program.run(
        "sync", "--configuration", config(keyspace, **keys), "--to", f"duckdb:{file}",
        "--summary-json", summary, *more,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return {table["name"]: table for table in json.loads(summary.read_text())["tables"]}


def described(connection, database, keyspace):
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE database_name = ?"
        " AND schema_name = ?",
        [database, keyspace],
    ).fetchall():
        found.setdefault(table, {})[column] = kind
    return found


def types_of(file, keyspace):
    with duckdb.connect(str(file), read_only=True) as connection:
        return described(connection, file.stem, keyspace)


def cells_equal(one, other, keyspace, tables=None):
    """The number of cells of two DuckDB files, which are equal, with their types; but for when a
    row was synced."""
    with duckdb.connect() as connection:
        connection.execute(
            f"ATTACH '{one}' AS one (READ_ONLY); ATTACH '{other}' AS other (READ_ONLY)"
        )
        types = described(connection, "one", keyspace)
        assert types == described(connection, "other", keyspace)
        compared = 0
        for table in tables or types:
            columns = [name for name in types[table] if name != "_fivetran_synced"]
            listed = ", ".join(map(quoted, columns))
            name = f"{quoted(keyspace)}.{quoted(table)}"
            for first, second in (("one", "other"), ("other", "one")):
                left = connection.execute(
                    f"SELECT {listed} FROM {first}.{name} EXCEPT ALL"
                    f" SELECT {listed} FROM {second}.{name}"
                ).fetchall()
                assert left == [], f"{table}: rows of {first} alone"
            (rows,) = connection.execute(f"SELECT count(*) FROM one.{name}").fetchone()
            compared += rows * len(columns)
        return compared


@pytest.mark.parametrize("table_format", lakes.FORMATS)
@pytest.mark.parametrize("filled", [300], ids=["filled"], indirect=True)
def test_rows_of_every_type_are_those_that_a_sync_brings_into_duckdb(
    spark, configuration, config, program, filled, table_format, tmp_path, measured
):
    keyspace, tables, _ = filled
    compared = 0
    for form, names in (("json", None), ("native", ["people", "vectors", "keyed"])):
        keys = {"nested_types": form} | ({"tables": ",".join(names)} if names else {})
        file, loaded = tmp_path / f"{form}.db", tmp_path / f"{form}_by_spark.db"
        lake = lakes.Lake(spark, table_format, tmp_path / form, keyspace)
        into_duckdb(program, config, keyspace, file, **keys)
        results = sync(spark, configuration(keyspace, **keys), lake.target, **lake.options)
        assert {each.table for each in results} == set(names or [each.name for each in tables])
        lake.load(loaded, types_of(file, keyspace))
        compared += cells_equal(file, loaded, keyspace)
    assert compared > 0
    measured(f"cells of {table_format} equal to those of a sync into DuckDB: {compared}")


@pytest.mark.parametrize(
    ("was", "now", "is_then"),
    [
        ("INTEGER", "BIGINT", "BIGINT"),
        ("BIGINT", "TINYINT", "BIGINT"),
        ("SMALLINT", "FLOAT", "FLOAT"),
        ("INTEGER", "DOUBLE", "DOUBLE"),
        ("UUID", "VARCHAR", "VARCHAR"),
        ("VARCHAR", "DECIMAL(9,2)", "VARCHAR"),
        ("DECIMAL(9,2)", "DECIMAL(12,4)", "DECIMAL(12,4)"),
        ("DECIMAL(9,2)", "DECIMAL(9,4)", None),
        ("INTEGER", "FLOAT", None),
        ("BIGINT", "DOUBLE", None),
        ("JSON", "INTEGER[]", None),
        ("VARCHAR", "BLOB", None),
    ],
)
def test_a_column_of_two_types_gets_the_wider_one_or_is_refused(was, now, is_then):
    if is_then:
        assert Shape.of(["id"], {"c": now}, {"c": was}).columns == {"c": is_then}
        return
    with pytest.raises(ringsync.DestinationError, match='column "c" is') as refused:
        Shape.of(["id"], {"c": now}, {"c": was})
    assert refused.value.code == "destination_table"


class Both:
    """Syncs by Spark and by the program into DuckDB, of the same moment, and compares them."""

    def __init__(self, program, config, configuration, session, keyspace, folder, lake):
        self.session, self.keyspace, self.lake = session, keyspace, lake
        self._program, self._config, self._configuration = program, config, configuration
        self._folder = folder

    def run(self, statement):
        self.session.execute(statement.replace("KS.", f"{self.keyspace}."))

    def sync(self, *more, keys=AT_ONCE, **options):
        """Compares both; the results of Spark's by table."""
        warehouse, loaded = self._folder / "warehouse.db", self._folder / "loaded.db"
        into_duckdb(self._program, self._config, self.keyspace, warehouse, *more, **keys)
        given = self._configuration(self.keyspace, **keys)
        results = sync(self.lake.spark, given, self.lake.target, **self.lake.options, **options)
        loaded.unlink(missing_ok=True)
        self.lake.load(loaded, types_of(warehouse, self.keyspace))
        assert cells_equal(warehouse, loaded, self.keyspace) > 0
        return {each.table: each for each in results}


@pytest.fixture(params=lakes.FORMATS)
def both(request, spark, program, config, configuration, session, keyspace, tmp_path):
    folder = tmp_path / "id=7" / "lake"  # no column of that name
    lake = lakes.Lake(spark, request.param, folder, keyspace)
    return Both(program, config, configuration, session, keyspace, tmp_path, lake)


def test_later_syncs_bring_what_has_changed_and_mark_what_is_gone(both, caplog):
    caplog.set_level("INFO", "ringsync")
    both.run("CREATE TABLE KS.seen (id int PRIMARY KEY, n int, updated_at timestamp)")
    both.run('CREATE TABLE KS."_Whole" (a text, b int, n int, PRIMARY KEY (a, b))')
    for row in range(10):
        both.run(f"INSERT INTO KS.seen (id, n, updated_at) VALUES ({row}, 0, '2024-01-01')")
        both.run(f"INSERT INTO KS.\"_Whole\" (a, b, n) VALUES ('{row % 3}', {row}, 0)")
    both.run("INSERT INTO KS.seen (id, n) VALUES (99, 0)")
    first = both.sync(min_partitions=2)
    assert {name: (each.run, each.rows_read) for name, each in first.items()} == {
        "seen": ("first", 11), "_Whole": ("full", 10),
    }  # fmt: skip
    assert "1 rows have no updated_at" in caplog.text

    both.run("UPDATE KS.seen SET n = 1, updated_at = toTimestamp(now()) WHERE id = 3")
    both.run("INSERT INTO KS.seen (id, updated_at) VALUES (20, toTimestamp(now()))")
    both.run("DELETE FROM KS.seen WHERE id = 5")  # not seen
    both.run("DELETE FROM KS.\"_Whole\" WHERE a = '1' AND b = 4")
    both.run("UPDATE KS.\"_Whole\" SET n = 7 WHERE a = '0' AND b = 9")
    second = both.sync()
    found = {name: (t.run, t.rows_read, t.rows_deleted, t.rows) for name, t in second.items()}
    assert found == {"seen": ("incremental", 2, 0, 12), "_Whole": ("full", 9, 1, 10)}
    is_iceberg = both.lake.is_iceberg
    assert (second["_Whole"].place == first["_Whole"].place) is is_iceberg

    both.run("INSERT INTO KS.\"_Whole\" (a, b, n) VALUES ('1', 4, 1)")  # is back
    third = both.sync()
    assert third["seen"].rows_read == 0
    assert third["seen"].place == second["seen"].place
    assert both.lake.rows("_Whole").where("_fivetran_deleted").count() == 0

    both.run("DELETE FROM KS.seen WHERE id = 6")
    fourth = both.sync("--resync", "se*", resync=["se*"])
    assert (fourth["seen"].run, fourth["seen"].rows_deleted) == ("first", 2)


def test_a_table_that_changes_is_what_it_would_be_in_duckdb(both):
    both.run("CREATE TABLE KS.t (id int PRIMARY KEY, a int, b text, updated_at timestamp)")
    for row in range(6):
        both.run(
            f"INSERT INTO KS.t (id, a, b, updated_at) VALUES ({row}, {row}, 'b', '2024-01-01')"
        )
    both.sync()
    both.run("ALTER TABLE KS.t ADD c text")
    assert both.sync()["t"].rows_read == 0
    both.run("UPDATE KS.t SET c = 'c', updated_at = toTimestamp(now()) WHERE id = 1")
    assert both.sync()["t"].rows_read == 1
    both.run("ALTER TABLE KS.t DROP b")
    both.run("UPDATE KS.t SET a = 9, updated_at = toTimestamp(now()) WHERE id = 2")
    assert both.sync()["t"].rows_read == 1
    both.run("DROP TABLE KS.t")
    both.run('CREATE TABLE KS.t (id int PRIMARY KEY, a text, "d.`" bigint, updated_at timestamp)')
    both.run("INSERT INTO KS.t (id, a, updated_at) VALUES (1, 'new', '2024-01-01')")
    made_anew = both.sync()["t"]
    assert (made_anew.run, made_anew.rows_read, made_anew.rows_deleted) == ("first", 1, 5)
    both.run("DROP TABLE KS.t")
    both.run("CREATE TABLE KS.t (id text PRIMARY KEY, a text, updated_at timestamp)")
    for key in ("1", "02", "abc"):  # of these 1 was there, as a number
        both.run(f"INSERT INTO KS.t (id, a, updated_at) VALUES ('{key}', 'text', '2024-01-01')")
    by_text = both.sync()["t"]
    assert (by_text.run, by_text.rows_read, by_text.rows) == ("first", 3, 8)


def test_tables_that_are_one_name_but_for_case_fail_before_any_row(
    spark, configuration, session, keyspace, target
):
    for table in ("twice", '"Twice"'):
        session.execute(f"CREATE TABLE {keyspace}.{table} (id int PRIMARY KEY)")
    with pytest.raises(ringsync.TableError) as failed:
        sync(spark, configuration(keyspace), target)
    (error,) = failed.value.tables.values()
    assert error.code == "name_collision"
    left_out = configuration(keyspace, exclude_tables="Twice")
    if "twice" in failed.value.tables:  # "Twice" is there already
        with pytest.raises(ringsync.TableError, match="but for upper and lower case"):
            sync(spark, left_out, target)
    else:
        assert [each.table for each in sync(spark, left_out, target)] == ["twice"]


def test_a_snapshot_that_has_lost_a_file_is_not_gone_on_with(
    spark, configuration, session, keyspace, target
):
    session.execute(f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY, updated_at timestamp)")
    for row in range(20):
        session.execute(f"INSERT INTO {keyspace}.t (id, updated_at) VALUES ({row}, '2024-01-01')")
    given = configuration(keyspace, **AT_ONCE)
    (first,) = sync(spark, given, target, min_partitions=2)
    lost = max(pathlib.Path(target, "t").glob("*/*.parquet"), key=lambda file: file.stat().st_size)
    lost.unlink()
    before = Target(spark, target).read()
    session.execute(f"INSERT INTO {keyspace}.t (id, updated_at) VALUES (1, toTimestamp(now()))")
    with pytest.raises(ringsync.TableError, match="has lost rows: it had 20") as failed:
        sync(spark, given, target)
    assert failed.value.code == "destination"
    assert Target(spark, target).read() == before


def test_rows_before_initial_sync_start_stay_out_until_it_is_taken_back(both):
    both.run("CREATE TABLE KS.t (id int PRIMARY KEY, updated_at timestamp)")
    for row in range(10):
        both.run(f"INSERT INTO KS.t (id, updated_at) VALUES ({row}, '2024-01-{row + 1:02}')")
    keys = AT_ONCE | {"initial_sync_start": "2024-01-05"}
    assert both.sync(keys=keys)["t"].rows_read == 5
    assert both.sync()["t"].rows_read == 10


def test_a_table_that_fails_keeps_what_it_had_and_lets_the_others_finish(
    spark, configuration, session, keyspace, target
):
    session.execute(f"CREATE TABLE {keyspace}.bad (id int PRIMARY KEY, at timestamp)")
    session.execute(f"CREATE TABLE {keyspace}.good (id int PRIMARY KEY)")
    session.execute(f"CREATE TABLE {keyspace}.other (id int, b int, PRIMARY KEY (id, b))")
    for table, columns in (("bad", "id"), ("good", "id"), ("other", "id, b")):
        values = ", ".join("1" for _ in columns.split(","))
        session.execute(f"INSERT INTO {keyspace}.{table} ({columns}) VALUES ({values})")
    given = configuration(keyspace)
    sync(spark, given, target)
    before = Target(spark, target).read()
    session.execute(f"INSERT INTO {keyspace}.bad (id, at) VALUES (2, {2**62})")
    session.execute(f"INSERT INTO {keyspace}.good (id) VALUES (2)")
    session.execute(f"DROP TABLE {keyspace}.other")
    session.execute(f"CREATE TABLE {keyspace}.other (id int PRIMARY KEY, b int)")
    with pytest.raises(ringsync.TableError) as failed:
        sync(spark, given, target)
    codes = {name: error.code for name, error in failed.value.tables.items()}
    assert codes == {"bad": "unrepresentable", "other": "key_changed"}
    assert re.match(r"table bad, row with token -?\d+:", failed.value.tables["bad"].message)
    assert str(2**62) not in str(failed.value)
    after = Target(spark, target).read()
    for table in codes:
        assert after.tables[table] == before.tables[table]
        assert after.state["tables"][table] == before.state["tables"][table]
        assert len(list(pathlib.Path(target, table).iterdir())) == 1
    assert snapshot(spark, target, "good").count() == 2


DYING = """
import os, sys
from ringsync import _spark_target
from ringsync.__main__ import main
_spark_target.Target.write = lambda *arguments: os._exit(9)
main(sys.argv[1:])
"""


COMMAND = pathlib.Path(ringsync.__file__).with_name("__main__.py")
EXAMPLE = REPOSITORY / "examples" / "spark" / "keyspace_to_parquet.py"


def run(*arguments):
    """A process of its own, of this Python."""
    done = subprocess.run(
        list(map(str, arguments)), capture_output=True, text=True, timeout=300,
        stdin=subprocess.DEVNULL, env=os.environ | {"PYSPARK_PYTHON": sys.executable},
    )  # fmt: skip
    planted.WATCH.note(done.stdout, "standard output of a job")
    planted.WATCH.note(done.stderr, "standard error of a job")
    return done


def command(*arguments, code=None):
    started = ["-c", code] if code else ["-m", "ringsync"]
    return run(sys.executable, *started, "spark-sync", "--master", "local[2]", *arguments)


def submitted(file, *arguments):
    return run(
        pathlib.Path(pyspark.__file__).with_name("bin") / "spark-submit",
        "--master", "local[2]", "--conf", "spark.ui.enabled=false", file, *arguments,
    )  # fmt: skip


def test_a_crash_behind_a_snapshot_leaves_the_former_one_and_its_state(
    spark, configuration, config, session, keyspace, target
):
    session.execute(f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY)")
    session.execute(f"INSERT INTO {keyspace}.t (id) VALUES (1)")
    (first,) = sync(spark, configuration(keyspace), target)
    session.execute(f"INSERT INTO {keyspace}.t (id) VALUES (2)")
    died = command("--configuration", config(keyspace), "--target", target, code=DYING)
    assert died.returncode == 9, died.stderr
    left = {path.name for path in pathlib.Path(target, "t").iterdir()}
    assert len(left) == 2
    assert [row.id for row in snapshot(spark, target, "t").collect()] == [1]
    begun = pathlib.Path(target, "_ringsync-manifests", f".2-{'0' * 32}")  # and died there
    begun.write_text("{")
    (second,) = sync(spark, configuration(keyspace), target, former_snapshots=0)
    assert not begun.exists()
    assert second.rows == 2
    assert [str(path) for path in pathlib.Path(target, "t").iterdir()] == [
        second.place.removeprefix("file:")
    ]
    assert second.place != first.place


def change(session, keyspace):
    (changed,) = session.execute(f"SELECT id FROM {keyspace}.seen LIMIT 1").one()
    session.execute(
        f"UPDATE {keyspace}.seen SET tags = {{7}}, updated_at = toTimestamp(now())"
        f" WHERE id = {changed}"
    )
    session.execute(
        f"INSERT INTO {keyspace}.seen (id, updated_at) VALUES (uuid(), toTimestamp(now()))"
    )
    session.execute(f"DELETE FROM {keyspace}.whole WHERE id = 7")


def test_the_program_goes_on_from_a_first_load_by_spark(
    program, config, session, keyspace, target, tmp_path, fivetran_configuration
):
    session.execute(
        f"CREATE TABLE {keyspace}.seen (id uuid PRIMARY KEY, at time, tags set<int>,"
        " updated_at timestamp)"
    )
    session.execute(f"CREATE TABLE {keyspace}.whole (id int PRIMARY KEY, n decimal)")
    for row in range(50):
        session.execute(
            f"INSERT INTO {keyspace}.seen (id, at, tags, updated_at) VALUES (uuid(),"
            f" '01:02:03.{row:09}', {{1, {row}}}, '2024-01-01')"
        )
        session.execute(f"INSERT INTO {keyspace}.whole (id, n) VALUES ({row}, {row}.5)")
    handed, warehouse = tmp_path / "handed", tmp_path / "warehouse.db"
    given, by_fivetran = config(keyspace, **AT_ONCE), fivetran_configuration(keyspace, **AT_ONCE)
    done = submitted(COMMAND, "spark-sync", "--configuration", given, "--target", target,
                     "--hand-over", handed)  # fmt: skip
    assert done.returncode == 0, done.stderr
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute((handed / "load.sql").read_text())
    state = handed / "state.json"
    assert state.stat().st_mode & 0o777 == 0o600
    with Server(program.program, tmp_path) as server, Client(server.port) as client:
        # What Fivetran's destination holds by then, however the snapshots came there.
        loaded, fresh = FakeDestination(), FakeDestination()
        client.sync(loaded, by_fivetran)
        change(session, keyspace)
        loaded.counts.upserts.clear()
        client.sync(loaded, by_fivetran, state.read_text())
        assert loaded.counts.upserts == {"seen": 2, "whole": 49}
        client.sync(fresh, by_fivetran)
    for table in ("seen", "whole"):
        assert loaded.tables[table].live() == fresh.tables[table].live()

    tables = into_duckdb(program, config, keyspace, warehouse, "--import-state", state, **AT_ONCE)
    assert (tables["seen"]["run"], tables["seen"]["rows_read"]) == ("incremental", 2)
    assert tables["whole"]["rows_deleted"] == 1
    into_duckdb(program, config, keyspace, tmp_path / "fresh.db", **AT_ONCE)
    with duckdb.connect(str(warehouse)) as connection:  # a fresh one has no row that is gone
        connection.execute(f"DELETE FROM {keyspace}.whole WHERE _fivetran_deleted")
    assert cells_equal(tmp_path / "fresh.db", warehouse, keyspace) > 0


def test_what_is_wrong_is_told_with_its_code(spark, configuration, nyc, tmp_path, session):
    given = configuration(nyc, tables="airlines")
    (tmp_path / "file").touch()
    for target, kind, told in (
        (str(tmp_path / "file"), ringsync.DestinationError, "file.*directory"),
        ("nothing://there/is", ringsync.DestinationError, "nothing://there/is"),
        ("lake*", ringsync.ConfigurationError, "target: lake"),
        (" ", ringsync.ConfigurationError, "target: is missing"),
    ):
        with pytest.raises(kind, match=told):
            sync(spark, given, target)
    target = str(tmp_path / "lake")
    with pytest.raises(ringsync.ConfigurationError, match="tables"):
        sync(spark, given, target, tables=["airlanes"])
    with pytest.raises(ringsync.DestinationError, match="no table airlines"):
        snapshot(spark, target, "airlines")
    with pytest.raises(ringsync.DestinationError, match="no sync has written"):
        hand_over(spark, target)
    sync(spark, given, target)
    place = Target(spark, target)
    manifest = place.read()
    place.write(manifest)
    with pytest.raises(ringsync.DestinationError, match="another job") as refused:
        place.write(manifest)
    assert refused.value.code == "destination_busy"
    (last,) = pathlib.Path(target, "_ringsync-manifests").glob("*02.json")
    text = last.read_text()
    for damage, code in (
        (text[:-9], "state_damaged"),
        (text.replace('"ringsync_spark": 1', '"ringsync_spark": 9'), "state_version"),
        (text.replace('"keyspace": "nyc"', '"keyspace": "other"'), "state_mismatch"),
    ):
        last.with_name(f".{last.name}.crc").unlink(missing_ok=True)
        last.write_text(damage)
        with pytest.raises(ringsync.StateError) as failed:
            sync(spark, given, target)
        assert failed.value.code == code


def test_the_commands_mistakes_have_the_programs_exit_codes(config, nyc, tmp_path):
    missing = command("--configuration", tmp_path / "none.json", "--target", tmp_path / "lake")
    assert missing.returncode == 2
    assert "none.json: No such file" in missing.stderr
    assert command("--target", tmp_path / "lake", "--tables", "x").returncode == 2
    given = ("--configuration", config(nyc), "--target", tmp_path / "lake")
    nowhere = command(*given, "--master", "nowhere")
    assert nowhere.returncode == 2, nowhere.stderr
    assert "Spark does not start: " in nowhere.stderr


def test_the_example_runs_as_its_readme_says(config, nyc, target):
    done = submitted(EXAMPLE, config(nyc, tables="airlines, weather"), target)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^airlines: full, 16 rows read, 16 there now$", done.stdout, re.MULTILINE)
    assert "weather: first" in done.stdout


@pytest.mark.parametrize("table_format", lakes.FORMATS)
def test_the_password_is_in_no_event_log(
    spark, event_log, configuration, nyc, table_format, tmp_path
):
    given = configuration(nyc, tables="airlines")
    password = given["password"]
    lake = lakes.Lake(spark, table_format, tmp_path, nyc)
    for _ in range(2):  # the second merges
        sync(spark, given, lake.target, **lake.options)
    logs = [path for path in event_log.rglob("*") if path.is_file()]
    text = "".join(path.read_text() for path in logs)
    written = "_ringsync_read_airlines" if lake.is_iceberg else "InsertIntoHadoopFsRelationCommand"
    assert written in text
    assert password not in text
