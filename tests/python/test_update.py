"""update: every row of a real Cassandra by the Connector SDK's operations, however it is
interrupted."""

import datetime
import re
import sys
import time
import types

import cql_values
import pytest
import ringsync
import test_differential
from destination import DeferredDestination, Destination, Log, Stop
from test_differential import compare

pytestmark = pytest.mark.timeout(300)
filled = test_differential.filled
PAGE_ROWS, IN_FLIGHT = 100, 4


def sync(configuration, destination, log=None):
    log = log or Log()
    try:
        ringsync.update(configuration, destination.saved, operations=destination, log=log)
    except BaseException:
        if isinstance(destination, DeferredDestination):
            destination.end(well=False)
        raise
    if isinstance(destination, DeferredDestination):
        destination.end(well=True)
    return log


def destination_of(configuration, kind=Destination):
    return kind(ringsync.schema(configuration))


def as_read(table, name, value):
    """The canonical form of a value that update() made, whose nested values are parsed JSON."""
    cql_type = table.columns[name]
    if isinstance(value, str) and (cql_type.inside or cql_type.kind == "blob"):
        # A nested key is JSON text; a blob of `compatible` its digits.
        value = cql_values.parsed_json(value) if cql_type.inside else value
    return cql_values.from_destination(cql_type, value)


def test_rows_of_every_type_equal_what_the_driver_reads(
    configuration,
    filled,
    measured,
):
    keyspace, tables, source_rows = filled
    chosen = configuration(keyspace, type_mapping="lossless")
    destination = destination_of(chosen)
    sync(chosen, destination)
    compared = 0
    for table in tables:
        got = {}
        for row in destination.live(table.name).values():
            assert list(row) == list(destination.rows[table.name].values().__iter__().__next__())
            got[row["id"]] = {name: as_read(table, name, row[name]) for name in table.columns}
        compared += compare(table, source_rows[table.name], got)
    measured(f"cells equal to what the driver reads: {compared}")
    assert compared > 1000


def test_values_are_of_the_python_types_that_fivetran_takes(configuration, session, keyspace):
    session.execute(
        f"CREATE TABLE {keyspace}.t (id int PRIMARY KEY, at timestamp, day date, n decimal,"
        " v varint, b blob, f float, ok boolean, tags map<text, int>, price decimal)"
    )
    session.execute(
        f"INSERT INTO {keyspace}.t (id, at, day, n, v, b, f, ok, tags, price) VALUES (1,"
        " '1969-12-31T23:59:59.999Z', '0001-01-01', 1.5, -7, 0x00ff, 0.5, true, {'a': 1}, 2.5)"
    )
    session.execute(f"INSERT INTO {keyspace}.t (id) VALUES (2)")
    chosen = configuration(keyspace, decimal_types="t.price=DECIMAL(10,2)")
    destination = destination_of(chosen)
    sync(chosen, destination)
    utc = datetime.UTC
    assert destination.live("t")[(1,)] == {
        "id": 1,
        "at": datetime.datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=utc),
        "day": datetime.date(1, 1, 1),
        "n": 1.5,
        "v": -7,
        "b": "0x00ff",
        "f": 0.5,
        "ok": True,
        "tags": {"a": 1},
        "price": "2.50",
    }
    assert destination.live("t")[(2,)] == dict.fromkeys(destination.live("t")[(1,)]) | {"id": 2}


@pytest.fixture
def events(session, keyspace):
    """A keyspace with a table that has a cursor and one that has none."""
    session.execute(
        f"CREATE TABLE {keyspace}.events (id int PRIMARY KEY, note text, updated_at timestamp)"
    )
    session.execute(f"CREATE TABLE {keyspace}.plain (id int PRIMARY KEY, note text)")
    now = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    for table, columns in (("events", "id, note, updated_at"), ("plain", "id, note")):
        marks = "?, ?, ?" if table == "events" else "?, ?"
        insert = session.prepare(f"INSERT INTO {keyspace}.{table} ({columns}) VALUES ({marks})")
        for row in range(3000):
            session.execute(insert, [row, f"n{row}", now][: marks.count("?")])
    return keyspace


def test_later_syncs_bring_what_changed_and_mark_what_is_gone(configuration, session, events):
    chosen = configuration(events, checkpoint_interval="500")
    destination = destination_of(chosen)
    log = sync(chosen, destination)
    assert sorted(destination.truncates()) == ["events", "plain"]
    assert len(destination.live("events")) == len(destination.live("plain")) == 3000
    # A state at least every 500 rows.
    points = [rows for kind, rows in destination.calls if kind == "checkpoint"]
    assert max(b - a for a, b in zip([0, *points], points)) <= 500
    assert "table events: done, first: 3000 rows read = 3000 sent + 0 reported" in log.of("info")

    session.execute(
        f"INSERT INTO {events}.events (id, note, updated_at) VALUES (1, 'new', toTimestamp(now()))"
    )
    session.execute(f"DELETE FROM {events}.plain WHERE id = 7")
    destination.calls.clear()
    before = destination.upserts
    sync(chosen, destination)
    assert destination.truncates() == ["plain"]
    assert destination.upserts - before == 1 + 2999
    assert destination.live("events")[(1,)]["note"] == "new"
    assert (7,) not in destination.live("plain") and len(destination.live("plain")) == 2999


def test_an_empty_table_is_truncated_too(configuration, session, events):
    chosen = configuration(events)
    destination = destination_of(chosen)
    sync(chosen, destination)
    session.execute(f"TRUNCATE {events}.plain")
    sync(chosen, destination)
    assert destination.live("plain") == {}


def rows_kept(destination):
    """Of those that the source has, as many as the last checkpoint vouches for."""
    return sum(key != (-1,) for rows in (destination.durable or {}).values() for key in rows)


@pytest.mark.parametrize("kind", [Destination, DeferredDestination])
@pytest.mark.parametrize("stop_at", [1, 700, 2999, 3001, 4500, 6000])
def test_interrupted_at_any_row_the_next_sync_completes_it(configuration, events, kind, stop_at):
    chosen = configuration(
        events, checkpoint_interval="100", page_size=str(PAGE_ROWS), max_in_flight=str(IN_FLIGHT)
    )
    destination = destination_of(chosen, kind)
    stale = {"id": -1, "note": "gone from the source", "updated_at": None}
    destination.rows["events"][(-1,)] = stale

    def stop(count):
        if count == stop_at:
            raise Stop

    destination.before_upsert = stop
    with pytest.raises(Stop):
        sync(chosen, destination)
    destination.before_upsert = lambda _: None
    if destination.durable is not None:  # what no checkpoint vouches for is lost
        destination.rows["events"] = {**destination.durable["events"], (-1,): stale}
        destination.rows["plain"] = destination.durable["plain"]
    before, kept = destination.upserts, rows_kept(destination)
    sync(chosen, destination)
    assert len(destination.live("plain")) == 3000
    assert {key for key in destination.live("events") if key != (-1,)} == {
        (row,) for row in range(3000)
    }
    if stop_at > 1000:  # it went on behind a checkpoint
        # A table whose deferred truncate was lost at its end is read anew, and the other may have
        # just begun.
        is_read_anew = kind is DeferredDestination and stop_at > 3000
        # Of each scan under way a page may come again.
        most = 6000 - kept + IN_FLIGHT * PAGE_ROWS
        if is_read_anew:
            most = 6000 if stop_at == 3001 else 5999
        assert destination.upserts - before <= most
    # At the latest the sync after it has marked what is gone from the source.
    sync(chosen, destination)
    assert len(destination.live("events")) == 3000
    assert "truncates_owed" not in destination.saved


def test_the_original_examples_state_is_taken_over(configuration, session, events):
    session.execute(
        f"INSERT INTO {events}.events (id, updated_at) VALUES (9999, '2024-06-01 00:00:01+0000')"
    )
    chosen = configuration(events, tables="events")
    destination = destination_of(chosen)
    destination.saved = {"events": {"last_updated_at": "2024-07-01 00:00:00"}}
    log = sync(chosen, destination)
    assert destination.truncates() == []
    assert set(destination.rows["events"]) == {(row,) for row in range(3000)}
    assert "stay unseen" in log.of("warning")
    assert destination.saved["ringsync"] == 1


def test_one_tables_failure_lets_the_others_finish_and_is_raised_by_name(
    configuration, session, events
):
    session.execute(f"CREATE TABLE {events}.wide (id int PRIMARY KEY, n varint)")
    session.execute(f"INSERT INTO {events}.wide (id, n) VALUES (1, {2**70})")
    chosen = configuration(events)
    destination = destination_of(chosen)
    log = Log()
    with pytest.raises(ringsync.TableError, match="wide") as raised:
        sync(chosen, destination, log)
    assert raised.value.code == "unrepresentable"
    assert list(raised.value.tables) == ["wide"]
    assert len(destination.live("events")) == len(destination.live("plain")) == 3000
    assert "error[unrepresentable]: table wide" in log.of("severe")
    assert "table wide: error[unrepresentable]: " in str(raised.value)
    assert str(raised.value) in log.of("severe")
    assert str(2**70) not in str(raised.value) + log.of("severe")


def test_a_table_read_whole_before_the_sync_was_cut_off_is_not_truncated_again(
    configuration, session, events
):
    session.execute(f"CREATE TABLE {events}.tail (id int PRIMARY KEY, note text)")
    insert = session.prepare(f"INSERT INTO {events}.tail (id, note) VALUES (?, 'here')")
    for row in range(500):
        session.execute(insert, [row])
    chosen = configuration(events, tables="plain, tail", checkpoint_interval="100", page_size="100")
    destination = destination_of(chosen)

    def stop(count):
        if count == 3250:
            raise Stop

    destination.before_upsert = stop
    with pytest.raises(Stop):
        sync(chosen, destination)
    destination.before_upsert = lambda _: None
    sync(chosen, destination)
    assert sorted(destination.truncates()) == ["plain", "tail"]
    assert destination.upserts < 3500 + 500
    sync(chosen, destination)  # a sync of its own, which reads everything
    assert sorted(destination.truncates()) == ["plain", "plain", "tail", "tail"]
    assert len(destination.live("plain")) == 3000 and len(destination.live("tail")) == 500


def test_a_table_that_always_fails_does_not_have_the_others_read_whole_for_ever(
    configuration, session, events
):
    session.execute(f"CREATE TABLE {events}.wide (id int PRIMARY KEY, n varint)")
    session.execute(f"INSERT INTO {events}.wide (id, n) VALUES (1, {2**70})")
    chosen = configuration(events, tables="events, wide")
    destination = destination_of(chosen, DeferredDestination)
    destination.rows["events"][(-1,)] = {"id": -1}  # gone from the source
    sent = []
    for _ in range(3):
        before = destination.upserts
        with pytest.raises(ringsync.TableError):
            sync(chosen, destination)
        sent.append(destination.upserts - before)
    assert sent == [3000, 3000, 0]
    assert (-1,) not in destination.live("events")
    assert len(destination.live("events")) == 3000


def test_a_damaged_state_says_that_a_re_sync_helps(configuration, events):
    chosen = configuration(events)
    for damaged in ({"tables": {}}, {"tables": [], "truncates_owed": ["events"]}, {"a": 1}):
        destination = destination_of(chosen)
        destination.saved = damaged
        with pytest.raises(ringsync.StateError, match="full re-sync"):
            sync(chosen, destination)
        assert destination.upserts == 0


def test_what_an_operation_raises_goes_on_and_is_told_without_its_text(configuration, events):
    chosen = configuration(events)
    destination, log = destination_of(chosen), Log()

    def stop(count):
        raise Stop("a row's text")

    destination.before_upsert = stop
    with pytest.raises(Stop):
        sync(chosen, destination, log)
    assert "Stop" in log.of("severe")
    assert "a row's text" not in log.of("severe")


def test_progress_is_told_every_ten_seconds(configuration, events):
    chosen = configuration(events, checkpoint_interval="100", page_size="100")
    destination, log = destination_of(chosen), Log()

    destination.before_upsert = lambda _: time.sleep(0.0025)  # 15 s for 6,000 rows
    sync(chosen, destination, log)
    progress = re.search(
        r"^(\d+) rows in 1\d s, [01] of 2 tables done; .*: \d+ rows, \d+ % of the ring$",
        log.of("info"),
        re.MULTILINE,
    )
    assert progress, log.of("info")
    assert 500 <= int(progress[1]) < 6000


def test_a_state_of_another_source_or_version_is_a_state_error(configuration, events, keyspace):
    chosen = configuration(events)
    destination = destination_of(chosen)
    sync(chosen, destination)
    good = destination.saved
    for code, damage in (
        ("state_mismatch", {"source": {**good["source"], "keyspace": "other"}}),
        ("state_version", {"ringsync": 99}),
    ):
        destination.saved = {**good, **damage}
        with pytest.raises(ringsync.StateError) as raised:
            sync(chosen, destination)
        assert raised.value.code == code


def test_two_tables_that_fivetran_would_make_one_of_are_a_name_collision(
    configuration, session, keyspace
):
    session.execute(f'CREATE TABLE {keyspace}."MyOrders" (id int PRIMARY KEY)')
    session.execute(f"CREATE TABLE {keyspace}.my_orders (id int PRIMARY KEY)")
    session.execute(f"INSERT INTO {keyspace}.my_orders (id) VALUES (1)")
    chosen = configuration(keyspace)
    with pytest.raises(ringsync.TableError, match="MyOrders") as raised:
        sync(chosen, destination_of(chosen))
    assert raised.value.code == "name_collision"


def test_the_sdks_own_operations_are_used_where_none_are_given(configuration, events, monkeypatch):
    chosen = configuration(events)
    destination, log = destination_of(chosen), Log()
    sdk = types.ModuleType("fivetran_connector_sdk")
    sdk.Operations, sdk.Logging = destination, log
    monkeypatch.setitem(sys.modules, sdk.__name__, sdk)
    ringsync.update(chosen, {})
    assert len(destination.live("plain")) == 3000
    assert "table plain: done" in log.of("info")
