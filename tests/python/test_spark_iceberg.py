"""What Spark's job does with tables of Iceberg that Parquet has no like of: commits of their own,
tables of others, and what the format cannot change in place."""

import lakes
import pytest
import ringsync
from ringsync._spark_iceberg import IcebergStore
from ringsync.spark import sync

pytestmark = pytest.mark.timeout(600)
AT_ONCE = {"lag_seconds": "0", "overlap_seconds": "0"}


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    yield from lakes.spark_with_iceberg(tmp_path_factory.mktemp("lake"), {})


@pytest.fixture
def lake(spark, tmp_path, keyspace):
    return lakes.Lake(spark, "iceberg", tmp_path, keyspace)


@pytest.fixture
def bring(lake, configuration, keyspace):
    def bring(**options):
        given = configuration(keyspace, **AT_ONCE)
        return sync(lake.spark, given, lake.target, **lake.options, **options)

    return bring


def live(lake, table="t"):
    rows = lake.rows(table).where("not _fivetran_deleted").collect()
    return sorted((row.id, row.n) for row in rows)


def stored(lake):
    store = IcebergStore(lake.spark.newSession(), lake.target)
    return store.read(), store


def tables(lake):
    shown = lake.spark.sql(f"SHOW TABLES IN {lake.target}").collect()
    return {row.tableName for row in shown}


def of_iceberg(lake):
    """The table by Iceberg's own interface."""
    places = lake.spark._jvm.org.apache.iceberg.spark.Spark3Util
    return places.loadIcebergTable(lake.spark._jsparkSession, f"{lake.target}.t")


@pytest.fixture
def filled(session, keyspace):
    """Of table t, five rows."""
    session.execute(f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY, n int, updated_at timestamp)")
    for row in range(5):
        session.execute(
            f"INSERT INTO {keyspace}.t (id, n, updated_at) VALUES ({row}, 0, '2024-01-01')"
        )
    return f"{keyspace}.t"


def change(session, table):
    session.execute(f"UPDATE {table} SET n = 1, updated_at = toTimestamp(now()) WHERE id = 1")
    session.execute(f"INSERT INTO {table} (id, n, updated_at) VALUES (9, 9, toTimestamp(now()))")


class Died(BaseException):
    """As a job that is killed: nothing tidies up behind it."""


def dies(*_):
    raise Died


def test_a_job_that_dies_between_a_table_and_its_state_is_made_good_by_the_next(
    session, filled, lake, bring, monkeypatch
):
    with monkeypatch.context() as patched, pytest.raises(Died):
        patched.setattr(IcebergStore, "commit", dies)
        bring()
    assert lake.rows("t").count() == 5
    assert stored(lake)[0] is None
    (again,) = bring()
    assert (again.run, again.rows_read, again.rows) == ("first", 5, 5)

    change(session, filled)
    before, _ = stored(lake)
    with monkeypatch.context() as patched, pytest.raises(Died):
        patched.setattr(IcebergStore, "commit", dies)
        bring()
    assert stored(lake)[0] == before
    changed = [(0, 0), (1, 1), (2, 0), (3, 0), (4, 0), (9, 9)]
    assert live(lake) == changed
    (again,) = bring()
    assert (again.run, again.rows_read, again.rows) == ("incremental", 2, 6)
    assert live(lake) == changed
    assert stored(lake)[0] != before


def test_a_job_that_dies_before_it_merges_leaves_rows_that_the_next_removes(
    session, filled, lake, bring, monkeypatch
):
    bring()
    change(session, filled)
    with monkeypatch.context() as patched, pytest.raises(Died):
        patched.setattr("ringsync._spark_iceberg._merge_statement", dies)
        # The one that tidies up.
        patched.setattr("ringsync._spark_iceberg.contextlib.suppress", dies)
        bring()
    assert [name for name in tables(lake) if name.startswith("_ringsync_read_t_")] != []
    (again,) = bring()
    assert (again.rows_read, again.rows) == (2, 6)
    assert tables(lake) == {"_ringsync_state", "t"}


@pytest.mark.parametrize("step", ["_check_is_last", "commit"])
def test_a_job_that_another_has_overtaken_changes_nothing_more(
    session, filled, lake, bring, monkeypatch, step
):
    bring()
    change(session, filled)
    commit, taken = IcebergStore.commit, getattr(IcebergStore, step)

    def behind_another(store, *arguments):
        state, other = stored(lake)
        assert commit(other, [], state | {"by": "another"}) == []
        return taken(store, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(IcebergStore, step, behind_another)
        with pytest.raises(ringsync.DestinationError, match="another job") as refused:
            bring()
    assert refused.value.code == "destination_busy"
    assert live(lake)[1] == ((1, 1) if step == "commit" else (1, 0))
    (again,) = bring()
    assert again.rows_read == 2
    assert live(lake)[1] == (1, 1)


def test_a_table_that_was_rolled_back_is_told(session, filled, lake, bring, caplog):
    bring()
    before = of_iceberg(lake).currentSnapshot().snapshotId()
    change(session, filled)
    bring()
    of_iceberg(lake).manageSnapshots().rollbackTo(before).commit()
    session.execute(f"UPDATE {filled} SET n = 2, updated_at = toTimestamp(now()) WHERE id = 2")
    bring()
    assert "table t: has 5 rows, and had 6 before; if it was rolled back" in caplog.text
    assert bring(resync=["t"])[0].rows == 6
    assert live(lake)[-1] == (9, 9)


def test_a_table_that_another_made_is_left_alone(session, filled, lake, bring):
    lake.spark.sql(f"CREATE NAMESPACE {lake.target}")
    lake.spark.sql(f"CREATE TABLE {lake.target}.t (id INT) USING iceberg")
    with pytest.raises(ringsync.TableError, match="was not made by this job") as refused:
        bring()
    assert refused.value.code == "destination_table"
    assert lake.rows("t").columns == ["id"]
    lake.spark.sql(f"DROP TABLE {lake.target}.t PURGE")
    assert bring()[0].rows == 5
    lake.spark.sql(f"DROP TABLE {lake.target}.t PURGE")  # is brought again, and whole
    (again,) = bring()
    assert (again.run, again.rows) == ("first", 5)


def test_a_table_with_partitions_is_merged_into_and_not_undone(
    session, filled, keyspace, lake, bring
):
    bring()
    lake.spark.sql(f"REFRESH TABLE {lake.target}.t")
    lake.spark.sql(f"CREATE TABLE {lake.target}.p (id INT, k INT) USING iceberg PARTITIONED BY (k)")
    (shown,) = lake.spark.sql(f"SHOW CREATE TABLE {lake.target}.p").collect()
    assert "PARTITIONED BY" in shown[0]  # what the refusal goes by
    session.execute(f"ALTER TABLE {keyspace}.t ADD m int")
    bring()
    of_iceberg(lake).updateSpec().addField("n").commit()
    lake.spark.sql(f"REFRESH TABLE {lake.target}.t")
    lake.spark.sql(f"ALTER TABLE {lake.target}.t ALTER COLUMN m TYPE bigint")  # wider than needed
    change(session, filled)
    assert bring()[0].rows_read == 2
    assert dict(lake.rows("t").dtypes)["m"] == "bigint"
    assert live(lake)[1] == (1, 1)
    session.execute(f"DROP TABLE {keyspace}.t")
    session.execute(f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY, n text, updated_at timestamp)")
    with pytest.raises(ringsync.TableError, match="`n` need types that Iceberg cannot") as refused:
        bring()
    assert refused.value.code == "destination_table"
    assert live(lake)[1] == (1, 1)


def test_what_is_wrong_with_an_iceberg_target_is_told(spark, configuration, nyc, lake, bring):
    given = configuration(nyc, tables="airlines")
    for target, told in (
        ("lake", "no catalog and namespace"),
        ("lake..a", "no catalog and namespace"),
        ("pond.a", "the session has no catalog pond; set spark.sql.catalog.pond"),
        ("dry.a", "the class of catalog dry is not there; give Spark Iceberg's jar"),
    ):
        spark.conf.set("spark.sql.catalog.dry", "org.apache.iceberg.spark.NoSuchCatalog")
        with pytest.raises(ringsync.ConfigurationError, match=told):
            sync(spark, given, target, table_format="iceberg")
    with pytest.raises(ringsync.ConfigurationError, match="neither parquet nor iceberg"):
        sync(spark, given, lake.target, table_format="delta")
    with pytest.raises(ringsync.ConfigurationError, match="former_snapshots: is of Parquet"):
        sync(spark, given, lake.target, former_snapshots=2, **lake.options)
    sync(spark, given, lake.target, **lake.options)
    state = f"{lake.target}._ringsync_state"
    spark.sql(f"REFRESH TABLE {state}")
    spark.sql(f"UPDATE {state} SET document = '{{'")
    with pytest.raises(ringsync.StateError) as failed:
        sync(spark, given, lake.target, **lake.options)
    assert failed.value.code == "state_damaged"
    spark.sql(f"INSERT INTO {state} VALUES (7, '')")
    with pytest.raises(ringsync.StateError, match="has 2 rows, not one"):
        sync(spark, given, lake.target, **lake.options)
