"""Tables that change while `ringsync serve` streams them: after two quiet syncs Fivetran has what
the source has, as far as the mode sees what is deleted."""

import collections
import datetime
import os

import grpc
import pytest
from changing_tables import CHANGES, Source, Writer, compare, plain, slow_keys
from fake_destination import FakeDestination
from fivetran_connector_sdk.protos.common_pb2 import RecordType

ROUNDS = int(os.environ.get("RINGSYNC_TEST_CHANGES", "1"))
MODES = ["full", "scan", "index"] if "RINGSYNC_TEST_CHANGES" in os.environ else ["scan", "index"]
QUICK = {"lag_seconds": "1", "overlap_seconds": "5"}
EPOCH = datetime.datetime(1970, 1, 1)


class Stream:
    """One sync after the other into one destination."""

    def __init__(self, fivetran):
        self._fivetran = fivetran
        self.destination = FakeDestination()
        self.destination.takes_new_keys = True  # what Fivetran does about them has not been tried
        self.state: str | None = None

    def run(self, configuration: dict[str, str]) -> None:
        self.state = self._fivetran.sync(self.destination, configuration, self.state)

    def run_and_change(self, configuration: dict[str, str], source: Source) -> list[str]:
        """Changes each table once rows of it have come; returns those where more were to come."""
        destination = self.destination
        destination.apply_schema(self._fivetran.schema(configuration))
        before = collections.Counter(destination.counts.upserts)
        changed = []
        try:
            for response in self._fivetran.update(configuration, self.state):
                destination.apply(response)
                for table in CHANGES:
                    come = destination.counts.upserts[table] - before[table]
                    if come >= 50 and table not in changed:
                        source.change(table)
                        changed.append(table)
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.FAILED_PRECONDITION, error
            assert "schema_changed" in error.details()
        self.state = destination.states[-1]
        return changed

    def check_is_told_of_another_key(self, configuration: dict[str, str], source: Source) -> None:
        """The next sync of the table `rekeyed`: the stream tells the new key, then has all that was
        sent before marked deleted, then sends every row."""
        destination = self.destination
        destination.apply_schema(self._fivetran.schema(configuration))
        assert destination.tables["rekeyed"].key_columns() == ["id"]
        seen: list[object] = []
        rows = 0
        for response in self._fivetran.update(configuration, self.state):
            destination.apply(response)
            for table in response.schema_change.without_schema.tables:
                if table.name == "rekeyed":
                    seen.append([each.name for each in table.columns if each.primary_key])
            for record in records_of(response):
                if record.table_name == "rekeyed":
                    seen.append(RecordType.Name(record.type))
                    rows += record.type == RecordType.UPSERT
        assert seen[:2] == [["id"], "TRUNCATE"]
        assert set(map(str, seen[2:])) == {"UPSERT"}
        assert rows == len(source.rows("rekeyed")) > 50
        assert not destination.tasks
        self.state = destination.states[-1]

    def rows(self, table: str, columns: list[str]):
        """{key: cells} of the live rows."""
        found = {}
        for cells in self.destination.tables[table].live().values():
            row = {name: cells.get(name) for name in columns}
            if row.get("updated_at") is not None:
                seconds, nanoseconds = row["updated_at"]
                row["updated_at"] = plain(
                    EPOCH + datetime.timedelta(seconds=seconds, microseconds=nanoseconds // 1000)
                )
            if table == "blobbed" and (row["w"] or "").startswith("0x"):
                row["w"] = bytes.fromhex(row["w"][2:])  # as types.md has it
            found[row["id"], row["n"]] = row
        return found


def was_read_by_index(serve, table: str) -> bool:
    return any(f"table {table}: by index: " in message for message in serve.messages("INFO"))


def records_of(response):
    if response.WhichOneof("operation") == "structured_record":
        return [response.structured_record]
    return response.structured_records.structured_records


@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize("mode", MODES)
def test_two_quiet_syncs_make_equal_what_changed_while_it_was_streamed(
    serve, fivetran, fivetran_configuration, session, keyspace, measured, mode, number
):
    source = Source(session, keyspace, mode)
    stream = Stream(fivetran)
    quick = fivetran_configuration(keyspace, **QUICK)
    if mode != "full":
        stream.run(quick)
        source.touch()
    with Writer(source, number) as writer:
        slow = fivetran_configuration(keyspace, **QUICK, **slow_keys(source))
        changed = stream.run_and_change(slow, source)
    assert set(changed) == set(source.tables)
    read_by_index = [table for table in CHANGES if was_read_by_index(serve, table)]
    assert bool(read_by_index) == (mode == "index")
    kept = stream.rows("gone", ["id", "n", "v"])
    stream.check_is_told_of_another_key(quick, source)
    stream.run(quick)
    left_over = {}
    for table in source.tables:
        if table != "gone":
            left_over[table] = compare(
                source, writer, table, stream.rows(table, source.column_names(table))
            )
    assert kept and stream.rows("gone", ["id", "n", "v"]) == kept
    if mode != "full":
        assert left_over["truncated"] > 0, "deletes are not seen, the documents say"
    measured(
        f"{mode}: {len(changed)} tables changed while they were streamed, {writer.writes} writes"
        f" meanwhile, equal after two quiet syncs ({sum(left_over.values())} rows deleted at the"
        " source stay)"
    )
