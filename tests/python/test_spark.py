"""The data source of Spark 4, in local[2], on a real Cassandra: Spark reads what is there."""

import datetime
import json
import time

import duckdb
import pyarrow
import pytest
import ringsync
import test_differential
from cql_session import quoted
from pyspark.errors import PySparkException
from pyspark.sql import functions as spark_functions
from read_back import DuckdbFile
from ringsync.spark import RingsyncDataSource
from spark_session import HOST_VARIABLE, local_spark
from test_differential import compare

pytestmark = pytest.mark.timeout(900)
filled = test_differential.filled
UTC = datetime.UTC


@pytest.fixture(scope="module")
def spark():
    # The switch changes nothing.
    for session in local_spark({"spark.sql.python.filterPushdown.enabled": "true"}):
        session.dataSource.register(RingsyncDataSource)
        yield session


@pytest.fixture
def table(spark, configuration):
    """table(keyspace, table, **options): a DataFrame of it."""

    def read(keyspace: str, name: str, **options):
        texts = {key: str(value) for key, value in configuration(keyspace).items()}
        return spark.read.format("ringsync").options(**texts, **options).load(name)

    return read


def test_a_table_in_many_partitions_is_what_a_scan_reads(table, configuration, nyc):
    columns = ["carrier", "flight", "origin", "dest", "dep_time", "distance", "updated_at"]
    frame = table(nyc, "flights", columns=",".join(columns), min_partitions="7")
    assert frame.columns == columns
    assert frame.rdd.getNumPartitions() == 7
    got = frame.toArrow()
    scanned = ringsync.scan(configuration(nyc), "flights", columns=columns)
    wanted = pyarrow.RecordBatchReader.from_stream(scanned).read_all()
    assert got.num_rows == wanted.num_rows > 1000
    with duckdb.connect() as connection:
        connection.register("got", got)
        connection.register("wanted", wanted)
        for one, other in (("got", "wanted"), ("wanted", "got")):
            left = connection.sql(f"FROM {one} EXCEPT ALL FROM {other}").fetchall()
            assert left == []


@pytest.mark.parametrize("filled", [1500], ids=["filled"], indirect=True)
def test_rows_of_every_type_equal_what_the_driver_reads(
    table, configuration, filled, tmp_path, measured
):
    keyspace, tables, source_rows = filled
    path, compared = tmp_path / "read.db", 0
    for each in tables:
        folder = tmp_path / "parquet" / each.name.replace(" ", "_")
        frame = table(keyspace, each.name, min_partitions="3")
        frame.write.parquet(str(folder))
        with duckdb.connect(str(path)) as connection:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {keyspace}")
            name = f"{keyspace}.{quoted(each.name)}"
            native = ringsync.scan(configuration(keyspace, nested_types="native"), each.name)
            assert native is not None  # DuckDB finds it by its name, for the types
            connection.execute(f"CREATE TABLE {name} AS FROM native LIMIT 0")
            connection.execute(f"INSERT INTO {name} FROM read_parquet('{folder}/*.parquet')")
        got = DuckdbFile(path).rows(keyspace, each.name, each.columns)
        compared += compare(each, source_rows[each.name], got)
    assert compared > 0
    measured(f"cells equal to what the driver reads, through Spark: {compared}")


def test_nested_types_are_sparks_own(table, session, keyspace):
    session.execute(f"CREATE TYPE {keyspace}.place (name text, at uuid)")
    session.execute(
        f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY, tags set<text>, spots list<frozen<place>>,"
        " marks map<text, int>, embedding vector<float, 3>, pair tuple<int, text>, u uuid, t time)"
    )
    session.execute(
        f"INSERT INTO {keyspace}.t (id, tags, spots, marks, embedding, pair, u, t) VALUES (1,"
        " {'a', 'b'}, [{name: 'x', at: 123e4567-e89b-12d3-a456-426614174000}], {'k': 5},"
        " [1, 2, 3], (7, 'seven'), 123e4567-e89b-12d3-a456-426614174000, '01:02:03.000000004')"
    )
    frame = table(keyspace, "t")
    assert dict(frame.dtypes) == {
        "id": "int",
        "tags": "array<string>",
        "spots": "array<struct<name:string,at:string>>",
        "marks": "map<string,int>",
        "embedding": "array<float>",
        "pair": "struct<field_0:int,field_1:string>",
        "u": "string",
        "t": "string",
    }
    (row,) = frame.collect()
    assert row.spots[0].at == row.u == "123e4567-e89b-12d3-a456-426614174000"
    assert (row.tags, row.marks, row.embedding) == (["a", "b"], {"k": 5}, [1.0, 2.0, 3.0])
    assert (tuple(row.pair), row.t) == ((7, "seven"), "01:02:03.000000004")


def updated(session, keyspace):
    session.execute(f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY, updated_at timestamp, n int)")
    for row in range(20):
        session.execute(
            f"INSERT INTO {keyspace}.t (id, updated_at, n) VALUES"
            f" ({row}, '2024-01-{row + 1:02}T00:00:00.001Z', {row})"
        )
    session.execute(f"INSERT INTO {keyspace}.t (id) VALUES (99)")


def test_since_leaves_out_what_is_not_later(table, session, keyspace):
    updated(session, keyspace)
    frame = table(keyspace, "t", since="2024-01-10T00:00:00.001Z")
    assert sorted(row.n for row in frame.collect()) == list(range(10, 20))


def test_a_schema_with_fewer_columns_reads_no_others(spark, configuration, nyc):
    texts = {key: str(value) for key, value in configuration(nyc).items()}
    reader = spark.read.format("ringsync").schema("name string, carrier string").options(**texts)
    frame = reader.load("airlines")
    assert frame.columns == ["name", "carrier"]
    assert frame.where(frame.carrier == "UA").collect()[0].name == "United Air Lines Inc."


def test_queries_of_one_frame_do_not_filter_for_each_other(table, session, keyspace):
    """Spark 4.3 would have them do so, were filters taken from it."""
    updated(session, keyspace)
    frame = table(keyspace, "t")

    def later(day):
        return frame.where(frame.updated_at > datetime.datetime(2024, 1, day, 12, tzinfo=UTC))

    assert later(10).count() == 10
    assert frame.count() == 21
    assert later(5).unionAll(later(15)).count() == 20
    assert frame.unionAll(later(15)).count() == 26
    assert frame.join(later(15), "id", "left_anti").count() == 16


def test_a_table_that_changes_between_reads_is_read_as_it_is(table, session, keyspace):
    updated(session, keyspace)
    assert table(keyspace, "t").count() == 21
    session.execute(f"ALTER TABLE {keyspace}.t ADD more text")
    session.execute(f"INSERT INTO {keyspace}.t (id, more) VALUES (100, 'x')")
    frame = table(keyspace, "t")
    assert [row.more for row in frame.where("id = 100").collect()] == ["x"]
    session.execute(f"DROP TABLE {keyspace}.t")
    session.execute(f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY, n text)")
    session.execute(f"INSERT INTO {keyspace}.t (id, n) VALUES (1, 'new')")
    assert [tuple(row) for row in table(keyspace, "t").collect()] == [(1, "new")]
    with pytest.raises(PySparkException, match=r"error\[(schema_changed|config)\]"):
        frame.collect()  # planned before


def test_a_part_of_a_table_that_was_made_anew_is_refused(configuration, session, keyspace):
    def opened():
        texts = json.dumps(configuration(keyspace))
        return ringsync._core.open_scan(texts, "t", None, None, spark_types=True)

    session.execute(f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY)")
    (part,) = opened()._parts(1 << 20, 1)
    session.execute(f"DROP TABLE {keyspace}.t")
    session.execute(f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY)")
    with pytest.raises(ringsync.RingsyncError, match="made anew") as refused:
        opened()._of_part(part)
    assert refused.value.code == "schema_changed"


def test_tasks_share_the_rows_a_second(table, session, keyspace):
    session.execute(f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY)")
    for row in range(600):
        session.execute(f"INSERT INTO {keyspace}.t (id) VALUES ({row})")
    frame = table(keyspace, "t", min_partitions="2", max_rows_per_second="200")
    began = time.monotonic()
    assert frame.count() == 600
    assert time.monotonic() - began > 1.5  # 300 rows each, 100 a second each, but for the first


def test_a_limit_that_tasks_cannot_share_is_told(table, nyc):
    for limit, told in (("3", "cannot be shared by 5 tasks"), ("${LIMIT}", "is no number")):
        options = {"min_partitions": "5", "max_rows_per_second": limit}
        with pytest.raises(PySparkException, match=told):
            table(nyc, "airports", **options).collect()
    options = {"min_partitions": "5", "concurrent_tasks": "2", "max_rows_per_second": "100000"}
    assert table(nyc, "airports", **options).count() > 1000


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ("id bigint", "column id is int .*not bigint"),
        ("id int not null", "column id is NOT NULL"),
        ("id int, s struct<y:string,z:string>", "column s is struct<x:string,y:string>"),
        ("id int, s struct<y:string>", "column s is struct<x:string,y:string>"),
        ("id int, nothing int", "no column nothing"),
    ],
)
def test_a_schema_that_is_not_the_tables_is_refused(
    spark, configuration, session, keyspace, schema, told
):
    session.execute(f"CREATE TYPE {keyspace}.pair (x text, y text)")
    session.execute(f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY, s frozen<pair>)")
    texts = {key: str(value) for key, value in configuration(keyspace).items()}
    with pytest.raises(PySparkException, match=told):
        spark.read.format("ringsync").schema(schema).options(**texts).load("t").collect()


def test_a_field_that_was_renamed_since_the_plan_is_told(table, session, keyspace):
    session.execute(f"CREATE TYPE {keyspace}.pair (x text, y text)")
    session.execute(f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY, s frozen<pair>)")
    session.execute(f"INSERT INTO {keyspace}.t (id, s) VALUES (1, {{x: 'X', y: 'Y'}})")
    frame = table(keyspace, "t")
    session.execute(f"ALTER TYPE {keyspace}.pair RENAME x TO z")
    with pytest.raises(PySparkException, match="column s is struct<z:string,y:string>"):
        frame.collect()
    (row,) = table(keyspace, "t").collect()
    assert tuple(row.s) == ("X", "Y")


def test_what_is_wrong_is_told_with_its_code(table, nyc):
    for options, told in (
        ({"name": "nothing"}, "unknown_table"),
        ({"name": "airlines", "columns": "name,nothing"}, "no column nothing"),
        ({"name": "airlines", "since": "yesterday"}, 'since: "yesterday"'),
        ({"name": "airlines", "min_partitions": "0"}, "min_partitions"),
        ({"name": "airlines", "page_size": "none"}, "page_size"),
        ({"name": "airlines", "colums": "name"}, "is columns meant?"),
        ({"name": "airlines", "table": "flights"}, "table: is flights"),
    ):
        with pytest.raises(PySparkException) as failed:
            table(nyc, options.pop("name"), **options).collect()
        assert told in str(failed.value)


def test_the_password_is_in_no_plan_and_no_error(table, configuration, nyc):
    password = configuration(nyc)["password"]
    frame = table(nyc, "airlines")
    grouped = frame.groupBy("carrier").agg(spark_functions.count("name"))
    assert grouped.count() > 10
    assert password not in grouped._jdf.queryExecution().toString()
    with pytest.raises(PySparkException) as failed:
        table(nyc, "nothing").collect()
    assert password not in str(failed.value)


def test_an_option_can_be_left_to_the_environment_of_those_who_connect(spark, configuration, nyc):
    texts = {key: str(value) for key, value in configuration(nyc).items()}
    texts["host_1"] = f"${{{HOST_VARIABLE}}}"
    frame = spark.read.format("ringsync").options(**texts).load("airlines")
    assert frame.count() > 10


@pytest.fixture
def stream(spark, configuration, tmp_path):
    """stream(keyspace): runs what there is to do now and returns the rows of its micro-batches; a
    query of its own each time, from the same checkpoint."""

    def read(keyspace: str, fails_at: int | None = None, **options) -> list[list]:
        texts = {key: str(value) for key, value in configuration(keyspace).items()}
        frame = spark.readStream.format("ringsync").options(**texts, **options).load("t")
        batches = []

        def take(rows, number):
            found = sorted(tuple(row) for row in rows.collect())
            batches.append((number, found))
            if len(batches) == fails_at:
                raise RuntimeError("the job fails here")

        query = (
            frame.writeStream.foreachBatch(take)
            .option("checkpointLocation", str(tmp_path / "checkpoint"))
            .trigger(availableNow=True)
            .start()
        )
        try:
            query.awaitTermination(120)
        finally:
            query.stop()
        return batches

    return read


def test_a_stream_brings_what_has_changed_and_a_failed_batch_again(stream, session, keyspace):
    session.execute(f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY, updated_at timestamp, n int)")
    now = "toTimestamp(now())"

    def write(*ids):
        for row in ids:
            session.execute(
                f"INSERT INTO {keyspace}.t (id, updated_at, n) VALUES ({row}, {now}, {row})"
            )

    def ids(batches):
        return [[row[0] for row in rows] for _, rows in batches]

    options = {"lag_seconds": "0", "overlap_seconds": "0", "min_partitions": "3"}
    write(*range(10))
    session.execute(f"INSERT INTO {keyspace}.t (id, n) VALUES (99, 99)")  # without a cursor
    time.sleep(0.1)
    assert ids(stream(keyspace, **options)) == [[*range(10), 99]]
    write(3, 20)
    time.sleep(0.1)
    with pytest.raises(PySparkException, match="the job fails here"):
        stream(keyspace, fails_at=1, **options)
    write(4, 21)
    time.sleep(0.1)
    again = stream(keyspace, **options)
    assert again[0][0] == 1  # the batch that failed, without an upper bound
    assert {3, 20} <= set(ids(again)[0])
    write(5)
    time.sleep(0.1)
    rest = stream(keyspace, **options)
    assert {3, 4, 5, 20, 21} == {row for rows in ids(again + rest) for row in rows}
    assert sum(ids(stream(keyspace, **options)), []) == []


def test_a_stream_reads_the_overlap_again(stream, session, keyspace):
    updated(session, keyspace)
    at = datetime.datetime.now(UTC) - datetime.timedelta(seconds=60)
    session.execute(f"UPDATE {keyspace}.t SET updated_at = %s, n = 50 WHERE id = 5", [at])
    options = {"lag_seconds": "0", "overlap_seconds": "120"}
    ((_, first),) = stream(keyspace, **options)
    assert len(first) == 21
    for _ in range(2):
        ((_, rows),) = stream(keyspace, **options)
        assert [(row[0], row[1]) for row in rows] == [(5, 50)]


def test_a_stream_of_a_table_without_a_cursor_is_refused(stream, session, keyspace):
    session.execute(f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY, n int)")
    with pytest.raises(PySparkException, match="cannot be read since a time"):
        stream(keyspace)
