"""What Fivetran's user has selected is what `ringsync serve` sends: tables, columns, new ones."""

import datetime

import grpc
import pytest
from cassandra.concurrent import execute_concurrent_with_args
from fake_destination import FakeDestination
from fivetran_client import select

ROWS = 500
OLD = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.UTC)
COLUMNS = {"shop", "nr", "note", "amount", "updated_at"}

pytestmark = pytest.mark.sanitized


@pytest.fixture
def shop(session, keyspace):
    """Two tables with a cursor column and old rows, one without."""
    for name in ("orders", "returns"):
        session.execute(
            f"CREATE TABLE {keyspace}.{name} (shop int, nr int, note text, amount double,"
            " updated_at timestamp, PRIMARY KEY (shop, nr))"
        )
        fill(session, keyspace, name, range(ROWS), OLD)
    session.execute(f"CREATE TABLE {keyspace}.shops (id int PRIMARY KEY, name text)")
    insert = session.prepare(f"INSERT INTO {keyspace}.shops (id, name) VALUES (?, ?)")
    execute_concurrent_with_args(session, insert, [(each, f"shop {each}") for each in range(9)])
    return keyspace


def fill(session, keyspace, table, numbers, updated_at, note="note"):
    insert = session.prepare(
        f"INSERT INTO {keyspace}.{table} (shop, nr, note, amount, updated_at)"
        " VALUES (?, ?, ?, ?, ?)"
    )
    rows = [(nr % 7, nr, f"{note} {nr}", nr / 8, updated_at) for nr in numbers]
    execute_concurrent_with_args(session, insert, rows, concurrency=16)


def cells_of(session, keyspace, table, columns):
    """{key: cells} as the driver reads them, of those columns."""
    read = session.execute(f"SELECT shop, nr, {', '.join(columns)} FROM {keyspace}.{table}")
    return {row[:2]: dict(zip(columns, row[2:])) for row in read}


def arrived(destination, table, columns):
    return {
        (cells["shop"], cells["nr"]): {name: cells[name] for name in columns}
        for cells in destination.tables[table].live().values()
    }


def destination_of(**selected):
    return FakeDestination(selected={name: set(columns) for name, columns in selected.items()})


def test_only_selected_tables_are_sent(fivetran, fivetran_configuration, shop, session):
    destination = destination_of(returns=COLUMNS, shops={"id", "name"})
    chosen = select({"orders": False, "returns": True, "shops": True})
    fivetran.sync(destination, fivetran_configuration(shop), selection=chosen)
    assert destination.counts.upserts == {"returns": ROWS, "shops": 9}
    assert set(destination.counts.truncates) == {"returns", "shops"}
    wanted = cells_of(session, shop, "returns", ["note", "amount"])
    assert arrived(destination, "returns", ["note", "amount"]) == wanted


@pytest.mark.parametrize("include_new_tables", [True, False])
def test_tables_that_the_selection_does_not_name_follow_include_new_tables(
    fivetran, fivetran_configuration, shop, include_new_tables
):
    expected = {"orders": ROWS, "returns": ROWS, "shops": 9} if include_new_tables else {"shops": 9}
    destination = destination_of(orders=COLUMNS, returns=COLUMNS, shops={"id", "name"})
    chosen = select({"shops": True}, include_new_tables=include_new_tables)
    fivetran.sync(destination, fivetran_configuration(shop), selection=chosen)
    assert destination.counts.upserts == expected


def test_only_selected_columns_are_sent(fivetran, fivetran_configuration, shop, session):
    destination = destination_of(orders={"shop", "nr", "amount"})
    chosen = select({"orders": {"shop": True, "nr": True, "note": False, "amount": True}})
    fivetran.sync(destination, fivetran_configuration(shop), selection=chosen)
    wanted = cells_of(session, shop, "orders", ["amount"])
    assert arrived(destination, "orders", ["amount"]) == wanted
    assert len(wanted) == ROWS


@pytest.mark.parametrize("include_new_columns", [True, False])
def test_columns_that_the_selection_does_not_name_follow_include_new_columns(
    fivetran, fivetran_configuration, shop, include_new_columns
):
    expected = COLUMNS - {"note"} if include_new_columns else {"shop", "nr", "amount"}
    destination = destination_of(orders=expected)
    chosen = select(
        {"orders": {"note": False, "amount": True}}, include_new_columns=include_new_columns
    )
    fivetran.sync(destination, fivetran_configuration(shop), selection=chosen)
    assert destination.counts.upserts == {"orders": ROWS}


def test_an_incremental_sync_works_without_the_cursor_column_selected(
    fivetran, fivetran_configuration, shop, session
):
    configuration = fivetran_configuration(shop)
    destination = destination_of(orders={"shop", "nr", "note"})
    chosen = select({"orders": {"note": True, "amount": False, "updated_at": False}})
    state = fivetran.sync(destination, configuration, selection=chosen)
    fill(session, shop, "orders", range(10), datetime.datetime.now(datetime.UTC), note="new")
    fivetran.sync(destination, configuration, state, chosen)
    assert destination.counts.upserts == {"orders": ROWS + 10}
    assert arrived(destination, "orders", ["note"]) == cells_of(session, shop, "orders", ["note"])


def test_a_column_that_is_selected_again_has_its_table_read_anew(
    fivetran, fivetran_configuration, shop, session
):
    configuration = fivetran_configuration(shop)
    destination = destination_of(orders=COLUMNS - {"note"}, returns=COLUMNS)
    without_note = select({"orders": {"note": False}, "returns": True}, include_new_columns=True)
    state = fivetran.sync(destination, configuration, selection=without_note)
    destination.selected = {"orders": COLUMNS, "returns": COLUMNS}
    with_note = select({"orders": {"note": True}, "returns": True}, include_new_columns=True)
    state = fivetran.sync(destination, configuration, state, with_note)
    assert destination.counts.upserts == {"orders": 2 * ROWS, "returns": ROWS}
    assert arrived(destination, "orders", ["note"]) == cells_of(session, shop, "orders", ["note"])
    fivetran.sync(destination, configuration, state, with_note)
    assert destination.counts.upserts == {"orders": 2 * ROWS, "returns": ROWS}, "read anew again"


def test_leaving_a_column_out_reads_nothing_anew(fivetran, fivetran_configuration, shop):
    configuration = fivetran_configuration(shop)
    destination = destination_of(orders=COLUMNS)
    state = fivetran.sync(destination, configuration, selection=select({"orders": True}))
    destination.selected = {"orders": COLUMNS - {"note"}}
    chosen = select({"orders": {"note": False}}, include_new_columns=True)
    fivetran.sync(destination, configuration, state, chosen)
    assert destination.counts.upserts == {"orders": ROWS}


def test_a_table_that_is_selected_again_comes_whole(
    fivetran, fivetran_configuration, shop, session
):
    configuration = fivetran_configuration(shop)
    destination = destination_of(orders=COLUMNS, returns=COLUMNS)
    state = fivetran.sync(
        destination, configuration, selection=select({"orders": False, "returns": True})
    )
    both = select({"orders": True, "returns": True})
    state = fivetran.sync(destination, configuration, state, both)
    fill(session, shop, "orders", range(ROWS, ROWS + 3), datetime.datetime.now(datetime.UTC))
    fivetran.sync(destination, configuration, state, both)
    assert destination.counts.upserts == {"orders": ROWS + 3, "returns": ROWS}
    assert arrived(destination, "orders", ["note"]) == cells_of(session, shop, "orders", ["note"])


def test_a_key_column_that_is_deselected_is_sent_and_told_of(
    fivetran, fivetran_configuration, shop
):
    destination = destination_of(orders={"shop", "nr", "note"})
    chosen = select({"orders": {"nr": False, "note": True}})
    fivetran.sync(destination, fivetran_configuration(shop), selection=chosen)
    assert len(destination.tables["orders"].live()) == ROWS
    (warning,) = destination.warnings
    assert 'table orders: column "nr" is deselected' in warning
    assert "primary key" in warning


def test_a_selected_table_that_is_gone_is_told_of_and_the_others_are_sent(
    fivetran, fivetran_configuration, shop
):
    destination = destination_of(shops={"id", "name"})
    chosen = select({"shops": True, "Shipments": True})
    fivetran.sync(destination, fivetran_configuration(shop), selection=chosen)
    assert destination.counts.upserts == {"shops": 9}
    (warning,) = destination.warnings
    assert "Shipments" in warning


def test_a_selected_table_that_is_dropped_between_syncs_is_told_of_and_its_rows_stay(
    fivetran, fivetran_configuration, shop, session
):
    """A warning, no task and no failure: the others are to go on, and only the user can know
    whether the table is to be gone."""
    configuration = fivetran_configuration(shop)
    chosen = select({"orders": True, "returns": True, "shops": True})
    destination = FakeDestination()
    state = fivetran.sync(destination, configuration, selection=chosen)
    before = destination.tables["orders"].live()
    session.execute(f"DROP TABLE {shop}.orders", timeout=60)
    fill(session, shop, "returns", range(5), datetime.datetime.now(datetime.UTC), note="new")
    destination.on_deleted = lambda table, keys: deleted.append(table)
    for number in range(2):
        deleted = []
        destination.warnings.clear()
        state = fivetran.sync(destination, configuration, state, chosen)
        told = [each for each in destination.warnings if "orders" in each]
        assert told == destination.warnings
        (selected,) = (each for each in told if "selected" in each)
        assert "the keyspace does not have it" in selected and "Deselect it" in selected
        # The first sync that misses a table of its state says so too.
        assert sum("any more" in each for each in told) == (number == 0)
        assert destination.tables["orders"].live() == before and len(before) == ROWS
        assert set(deleted) == {"shops"}, "which is read in full"
    wanted = cells_of(session, shop, "returns", ["note"])
    assert arrived(destination, "returns", ["note"]) == wanted


def test_a_table_of_the_configuration_that_is_dropped_between_syncs_is_named_by_the_status(
    fivetran, fivetran_configuration, shop, session
):
    configuration = fivetran_configuration(shop, tables="orders, shops")
    destination = FakeDestination()
    state = fivetran.sync(destination, configuration)
    session.execute(f"DROP TABLE {shop}.orders", timeout=60)
    with pytest.raises(grpc.RpcError) as failed:
        list(fivetran.update(configuration, state))
    assert failed.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "error[unknown_table]" in failed.value.details()
    assert "orders" in failed.value.details()


def test_a_selected_column_that_is_gone_is_told_of_and_the_others_are_sent(
    fivetran, fivetran_configuration, shop
):
    destination = destination_of(shops={"id", "name"})
    chosen = select({"shops": {"name": True, "Owner": True}})
    fivetran.sync(destination, fivetran_configuration(shop), selection=chosen)
    assert destination.counts.upserts == {"shops": 9}
    (warning,) = destination.warnings
    assert "shops" in warning and "Owner" in warning


def test_the_form_says_that_tables_and_columns_can_be_selected(
    fivetran, fivetran_configuration, shop
):
    form = fivetran.form()
    assert form.table_selection_supported and form.schema_selection_supported is False
    schema = fivetran.schema(fivetran_configuration(shop))
    assert not schema.selection_not_supported
