"""Random rows of every type through `ringsync serve` into a fake Fivetran destination, compared
cell by cell with what the cassandra-driver reads: in one go, resumed from checkpoints of a sync
(in long runs from each), cut off again and again, and with a part of the tables and columns
selected. In both type mappings.

RINGSYNC_TEST_ROWS and RINGSYNC_TEST_SEED as for test_differential.py, whose tables these are.
"""

import json
import random

import pytest
from fake_destination import FakeDestination
from fivetran_client import select
from fivetran_values import arrived, data_type, expected
from test_differential import ROWS, SEED, compare, filled

__all__ = ["filled"]  # a fixture

MAPPINGS = ("compatible", "lossless")
CHECKPOINT_ROWS = max(ROWS // 25, 20)
# Checkpoints from one resume to the next; a long run goes on from each.
RESUME_STEP = 1 if ROWS >= 20_000 else 4
pytestmark = [pytest.mark.timeout(3600), pytest.mark.sanitized]


class Truth:
    """What the source has, and how it must look in a destination.

    `selected` has the columns of each table that arrive; without it all do.
    """

    def __init__(self, tables, source_rows, mapping, selected=None):
        self._tables, self._mapping, self._source_rows = tables, mapping, source_rows
        if selected is None:
            selected = {table.name: set(table.columns) for table in tables}
        self._selected = selected
        self._wanted = {
            table.name: self._expected(table, source_rows)
            for table in tables
            if table.name in selected
        }

    def of_selected(self, selected):
        return Truth(self._tables, self._source_rows, self._mapping, selected)

    def _expected(self, table, source_rows):
        return {
            row_id: {
                name: expected(table.columns[name], self._mapping, self._is_key(table, name), cell)
                for name, cell in cells.items()
                if name in self._selected[table.name]
            }
            for row_id, cells in source_rows[table.name].items()
        }

    def _is_key(self, table, name):
        return name in table.key_columns or name == table.key

    def check(self, destination: FakeDestination) -> int:
        """Live rows are the source's, in the right types; returns the number of cells compared."""
        assert set(destination.tables) == {table.name for table in self._tables}
        return sum(self._check_table(table, destination) for table in self._tables)

    def _check_table(self, table, destination) -> int:
        got = destination.tables[table.name]
        types = {name: column.data_type for name, column in got.columns.items()}
        assert types == {
            name: data_type(each, self._mapping, self._is_key(table, name))
            for name, each in table.columns.items()
        }
        selected = self._selected.get(table.name, set())
        sent = set().union(*(row.cells for row in got.rows.values()))
        assert sent <= selected, f"{table.name}: {sorted(sent - selected)} are not selected"
        if not selected:
            assert not got.rows, f"{table.name} is not selected"
            return 0
        rows = {
            cells["id"]: {
                name: arrived(
                    table.columns[name], self._mapping, self._is_key(table, name), cells[name]
                )
                for name in selected
            }
            for cells in got.live().values()
        }
        return compare(table, self._wanted[table.name], rows)


def part_of(tables, rng):
    """{table: columns} with about half of the columns of all tables but one. Keys stay, and so does
    the id, by which rows are compared."""
    left_out = rng.choice(tables)
    selected = {}
    for table in tables:
        if table is not left_out:
            free = [name for name in table.columns if name not in {"id", *table.key_columns}]
            selected[table.name] = set(table.columns) - set(rng.sample(free, (len(free) + 1) // 2))
    return selected


@pytest.fixture(params=MAPPINGS)
def prepared(request, filled, fivetran_configuration):
    """(configuration, truth, rows) of the tables of every type under a mapping."""
    keyspace, tables, source_rows = filled
    configuration = fivetran_configuration(
        keyspace,
        type_mapping=request.param,
        on_unrepresentable="null",
        checkpoint_interval=CHECKPOINT_ROWS,
        # One table has such a column: it is read past a cursor, the others in full by each sync.
        cursor_column="a timestamp" if request.param == "lossless" else "updated_at",
    )
    row_count = sum(map(len, source_rows.values()))
    return configuration, Truth(tables, source_rows, request.param), row_count


@pytest.mark.every_version
def test_every_type_arrives_and_each_checkpoint_can_be_gone_on_from(fivetran, prepared, measured):
    configuration, truth, row_count = prepared
    schema = fivetran.schema(configuration)
    whole = FakeDestination()
    whole.apply_schema(schema)
    responses = list(fivetran.update(configuration, state="{}"))
    crashes = [(whole.snapshot(), 0)]  # what was kept, and the responses before it
    for number, response in enumerate(responses):
        whole.apply(response)
        if response.WhichOneof("operation") == "checkpoint":
            crashes.append((whole.snapshot(), number + 1))
    cells = truth.check(whole)
    tables = set(whole.tables)
    assert whole.counts.upserts.total() == row_count
    assert whole.counts.truncates == dict.fromkeys(tables, 1)
    assert whole.counts.rows_between_checkpoints_most <= CHECKPOINT_ROWS
    assert responses[-1].WhichOneof("operation") == "checkpoint"
    assert len(crashes) > row_count / CHECKPOINT_ROWS

    rng = random.Random(SEED)
    sent = 0
    resumed = sorted({*range(0, len(crashes), RESUME_STEP), len(crashes) - 1})
    for number in resumed:
        kept, first_lost = crashes[number]
        last_kept = crashes[number + 1][1] - 1 if number + 1 < len(crashes) else len(responses)
        sent += resume(
            fivetran, configuration, truth, schema, kept,
            # Fivetran may have kept more than its last checkpoint vouches for.
            responses[first_lost : rng.randint(first_lost, max(first_lost, last_kept))],
            is_at_end=first_lost == len(responses),
        )  # fmt: skip
    measured(
        f"seed {SEED}, {row_count} rows, {cells} cells equal; {len(resumed)} resumes, each equal,"
        f" sent {sent} rows of tables under way; largest batch"
        f" {whole.counts.batch_records_most} records, {whole.counts.batch_bytes_most} bytes"
    )


def resume(fivetran, configuration, truth, schema, kept, more, is_at_end) -> int:
    """Goes on from the last state in `kept`, with the responses `more` kept too; checks that the
    destination ends equal and that no row that was live is ever marked deleted. Returns how many
    rows were sent of tables whose run goes on."""
    state = kept.states[-1] if kept.states else None
    live = {name: set(table.live()) for name, table in kept.tables.items()}
    if is_at_end:
        live = {}  # this is the next sync, which reads tables without a cursor anew
    with_more = kept.snapshot()
    with_more.apply_all(more)
    destination = with_more.snapshot()

    def no_live_row(table, keys):
        taken = live.get(table, set()).intersection(keys)
        assert not taken, f"{len(taken)} live rows of {table} marked deleted"

    destination.on_deleted = no_live_row
    destination.apply_schema(schema)
    destination.apply_all(fivetran.update(configuration, state))
    truth.check(destination)
    return sum(destination.counts.upserts[name] for name in under_way(state))


def under_way(state: str | None) -> set[str]:
    """Tables that the state holds in the middle of a run (docs/state.md)."""
    tables = json.loads(state or "{}").get("tables", {})
    return {name for name, table in tables.items() if "run" in table}


@pytest.mark.parametrize("prepared", ["lossless"], indirect=True)
def test_a_sync_that_is_cut_off_again_and_again_ends_equal(fivetran, prepared, measured):
    configuration, truth, row_count = prepared
    rng = random.Random(SEED + 1)
    destination = FakeDestination()
    destination.apply_schema(fivetran.schema(configuration))
    cuts = 0
    state = None
    while True:
        call = fivetran.update(configuration, state)
        # A sync that never comes to a checkpoint cannot get further.
        last_row = destination.counts.upserts.total() + rng.randint(1, 3 * CHECKPOINT_ROWS)
        for response in call:
            destination.apply(response)
            if destination.counts.upserts.total() >= last_row:
                break
        else:
            break
        call.cancel()
        cuts += 1
        state = destination.states[-1] if destination.states else None
        assert cuts < 1000, "it gets nowhere"
    truth.check(destination)
    assert cuts > 5
    sent = destination.counts.upserts.total()
    measured(f"{cuts} cuts; {sent} rows sent for {row_count}")


@pytest.mark.every_version
def test_of_every_type_nothing_but_what_is_selected_arrives(fivetran, filled, prepared, measured):
    _, tables, source_rows = filled
    configuration, truth, _ = prepared
    selected = part_of(tables, random.Random(SEED + 2))
    chosen = select({
        table.name: table.name in selected
        and {name: name in selected[table.name] for name in table.columns}
        for table in tables
    })  # fmt: skip
    truth = truth.of_selected(selected)
    destination = FakeDestination(selected)
    state = fivetran.sync(destination, configuration, selection=chosen)
    cells = truth.check(destination)
    rows = {name: len(source_rows[name]) for name in selected}
    assert destination.counts.upserts == rows
    assert destination.counts.truncates == dict.fromkeys(selected, 1)
    assert set(destination.schema_changes) == set(selected)
    assert not [each for each in destination.warnings if "select" in each]
    fivetran.sync(destination, configuration, state, chosen)
    assert truth.check(destination) == cells
    columns = sum(map(len, selected.values()))
    measured(
        f"seed {SEED}, {len(selected)} of {len(tables)} tables, {columns} of"
        f" {sum(len(table.columns) for table in tables)} columns, {sum(rows.values())} rows,"
        f" {cells} cells equal"
    )
