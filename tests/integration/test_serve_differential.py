"""Random rows of every type through `ringsync serve` into a fake Fivetran destination, compared
cell by cell with what the cassandra-driver reads: in one go, resumed from each checkpoint of a
sync, and cut off again and again. In both type mappings.

RINGSYNC_TEST_ROWS and RINGSYNC_TEST_SEED as for test_differential.py, whose tables these are.
"""

import json
import random

import pytest
from fake_destination import FakeDestination
from fivetran_values import arrived, data_type, expected
from test_differential import ROWS, SEED, compare, filled

__all__ = ["filled"]  # a fixture

MAPPINGS = ("compatible", "lossless")
CHECKPOINT_ROWS = max(ROWS // 25, 20)
pytestmark = [pytest.mark.timeout(3600), pytest.mark.sanitized]


class Truth:
    """What the source has, and how it must look in a destination."""

    def __init__(self, tables, source_rows, mapping):
        self._tables, self._mapping = tables, mapping
        self._wanted = {table.name: self._expected(table, source_rows) for table in tables}

    def _expected(self, table, source_rows):
        return {
            row_id: {
                name: expected(table.columns[name], self._mapping, self._is_key(table, name), cell)
                for name, cell in cells.items()
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
        rows = {
            cells["id"]: {
                name: arrived(each, self._mapping, self._is_key(table, name), cells[name])
                for name, each in table.columns.items()
            }
            for cells in got.live().values()
        }
        return compare(table, self._wanted[table.name], rows)


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
    for number, (kept, first_lost) in enumerate(crashes):
        last_kept = crashes[number + 1][1] - 1 if number + 1 < len(crashes) else len(responses)
        sent += resume(
            fivetran, configuration, truth, schema, kept,
            # Fivetran may have kept more than its last checkpoint vouches for.
            responses[first_lost : rng.randint(first_lost, max(first_lost, last_kept))],
            is_at_end=first_lost == len(responses),
        )  # fmt: skip
    measured(
        f"seed {SEED}, {row_count} rows, {cells} cells equal; {len(crashes)} resumes, each equal,"
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
        left = rng.randint(1, 20)
        for response in call:
            destination.apply(response)
            left -= 1
            if left == 0:
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
