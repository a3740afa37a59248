"""Later syncs through `ringsync serve`: what has changed travels, what is gone is marked deleted,
and a table that changes its shape is told of before its rows."""

import datetime
import json

import pytest
from cassandra.concurrent import execute_concurrent_with_args
from fake_destination import FakeDestination

pytestmark = pytest.mark.sanitized

ROWS = 3000
OLD = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.UTC)


def now():
    return datetime.datetime.now(datetime.UTC)


@pytest.fixture
def events(session, keyspace):
    """A table with a cursor column, old rows in it."""
    session.execute(
        f"CREATE TABLE {keyspace}.events (id int PRIMARY KEY, note text, updated_at timestamp)"
    )
    write(session, keyspace, range(ROWS), OLD)
    return keyspace


def write(session, keyspace, ids, updated_at, note="first"):
    insert = session.prepare(
        f"INSERT INTO {keyspace}.events (id, note, updated_at) VALUES (?, ?, ?)"
    )
    rows = [(each, f"{note} {each}", updated_at) for each in ids]
    execute_concurrent_with_args(session, insert, rows, concurrency=16)


def notes(session, keyspace, table="events"):
    return dict(session.execute(f"SELECT id, note FROM {keyspace}.{table}"))


def arrived(destination, table="events"):
    return {cells["id"]: cells["note"] for cells in destination.tables[table].live().values()}


def test_only_changed_rows_travel_and_none_is_marked_deleted(
    fivetran, fivetran_configuration, session, events
):
    configuration = fivetran_configuration(events)
    destination = FakeDestination()
    state = fivetran.sync(destination, configuration)
    assert destination.counts.truncates == {"events": 1}
    write(session, events, range(100, 140), now(), "second")
    write(session, events, range(ROWS, ROWS + 20), now(), "new")
    deleted = []
    destination.on_deleted = lambda table, keys: deleted.extend(keys)
    state = fivetran.sync(destination, configuration, state)
    assert destination.counts.upserts == {"events": ROWS + 60}
    assert arrived(destination) == notes(session, events)
    assert (deleted, destination.counts.truncates) == ([], {"events": 1})


def test_a_sync_without_changes_sends_no_row_and_keeps_its_state(
    fivetran, fivetran_configuration, events
):
    configuration = fivetran_configuration(events)
    destination = FakeDestination()
    state = fivetran.sync(destination, configuration)
    again = fivetran.sync(destination, configuration, state)
    assert destination.counts.upserts == {"events": ROWS}
    before, after = (json.loads(each)["tables"]["events"] for each in (state, again))
    assert after["cursor_ms"] >= before["cursor_ms"]
    assert "run" not in after


def test_a_resync_from_an_empty_state_marks_deleted_what_is_gone(
    fivetran, fivetran_configuration, session, events
):
    configuration = fivetran_configuration(events)
    destination = FakeDestination()
    fivetran.sync(destination, configuration)
    session.execute(f"DELETE FROM {events}.events WHERE id = 7")
    fivetran.sync(destination, configuration, state="{}")
    assert destination.counts.truncates == {"events": 2}
    assert arrived(destination) == notes(session, events)
    assert len(destination.tables["events"].rows) == ROWS, "the row itself stays, marked"


def test_a_table_read_in_full_marks_deleted_what_is_gone_each_time(
    fivetran, fivetran_configuration, session, keyspace
):
    session.execute(f"CREATE TABLE {keyspace}.plain (id int PRIMARY KEY, note text)")
    insert = session.prepare(f"INSERT INTO {keyspace}.plain (id, note) VALUES (?, ?)")
    rows = [(each, f"note {each}") for each in range(1000)]
    execute_concurrent_with_args(session, insert, rows, concurrency=16)
    configuration = fivetran_configuration(keyspace)
    destination = FakeDestination()
    state = None
    for gone in ((), (1, 2, 3), (500,)):
        for each in gone:
            session.execute(f"DELETE FROM {keyspace}.plain WHERE id = {each}")
        state = fivetran.sync(destination, configuration, state)
        assert arrived(destination, "plain") == notes(session, keyspace, "plain")
    assert destination.counts.truncates == {"plain": 3}
    assert len(destination.tables["plain"].rows) == 1000


def test_rows_deleted_and_written_in_the_middle_of_a_sync_are_right_after_the_next(
    fivetran, fivetran_configuration, session, events
):
    configuration = fivetran_configuration(events, checkpoint_interval=100, page_size=100)
    destination = FakeDestination()
    destination.apply_schema(fivetran.schema(configuration))
    for number, response in enumerate(fivetran.update(configuration)):
        destination.apply(response)
        if number == 5:
            write(session, events, range(0, ROWS, 10), now(), "meanwhile")
    state = fivetran.sync(destination, configuration, destination.states[-1])
    assert arrived(destination) == notes(session, events)
    assert json.loads(state)["tables"]["events"]["mode"] == "timestamp"


def test_a_new_column_is_told_of_before_its_first_row(
    fivetran, fivetran_configuration, session, events
):
    configuration = fivetran_configuration(events)
    destination = FakeDestination()
    state = fivetran.sync(destination, configuration)
    session.execute(f"ALTER TABLE {events}.events ADD weight double")
    session.execute(
        f"INSERT INTO {events}.events (id, note, weight, updated_at) VALUES (1, 'x', 1.5, %s)",
        [now()],
    )
    # Without asking for the schema first: the stream itself must tell.
    destination.apply_all(fivetran.update(configuration, state))
    assert "events" in destination.schema_changes
    rows = {cells["id"]: cells for cells in destination.tables["events"].live().values()}
    assert (rows[1]["weight"], rows[2]["weight"]) == (1.5, None)


def test_a_new_table_is_told_of_before_its_first_row(
    fivetran, fivetran_configuration, session, events
):
    configuration = fivetran_configuration(events)
    destination = FakeDestination()
    state = fivetran.sync(destination, configuration)
    session.execute(f"CREATE TABLE {events}.later (id int PRIMARY KEY, note text)")
    session.execute(f"INSERT INTO {events}.later (id, note) VALUES (1, 'here')")
    destination.schema_changes.clear()  # of the first sync
    destination.apply_all(fivetran.update(configuration, state))
    assert destination.schema_changes == ["later"]
    assert arrived(destination, "later") == {1: "here"}


def test_a_table_dropped_and_made_again_is_read_from_the_beginning(
    fivetran, fivetran_configuration, session, events
):
    configuration = fivetran_configuration(events)
    destination = FakeDestination()
    state = fivetran.sync(destination, configuration)
    session.execute(f"DROP TABLE {events}.events", timeout=60)
    session.execute(
        f"CREATE TABLE {events}.events (id int PRIMARY KEY, note text, updated_at timestamp)"
    )
    write(session, events, range(10), OLD, "other")
    fivetran.sync(destination, configuration, state)
    assert arrived(destination) == notes(session, events)
    assert destination.counts.truncates == {"events": 2}


def test_the_examples_state_is_taken_and_told_of(fivetran, fivetran_configuration, session, events):
    write(session, events, range(5), now(), "newer")
    destination = FakeDestination()
    fivetran.sync(
        destination, fivetran_configuration(events),
        state=json.dumps({"events": {"last_updated_at": "2025-01-01 00:00:00"}}),
    )  # fmt: skip
    assert destination.counts.upserts == {"events": 5}
    assert not destination.counts.truncates
    assert any("events" in warning for warning in destination.warnings)
