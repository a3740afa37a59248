"""The fake destination keeps the contract's rules and sees when they are broken.

A server of a few lines, on Fivetran's own classes, stands for the program here: what is tested is
the tester.
"""

import concurrent.futures
from collections.abc import Iterator

import grpc
import pytest
from fake_destination import BATCH_BYTES_MAX, ContractError, FakeDestination
from fivetran_client import Client, select
from fivetran_connector_sdk.protos import common_pb2, connector_sdk_pb2, connector_sdk_pb2_grpc

Response = connector_sdk_pb2.UpdateResponse
Value = common_pb2.ValueType
NULL = Value(null=True)


def column(name: str, data_type: str, primary_key: bool = False) -> common_pb2.Column:
    return common_pb2.Column(
        name=name, type=common_pb2.DataType.Value(data_type), primary_key=primary_key
    )


def table(name: str, *columns: common_pb2.Column) -> common_pb2.Table:
    return common_pb2.Table(name=name, columns=columns)


def schema(*tables: common_pb2.Table) -> connector_sdk_pb2.SchemaResponse:
    return connector_sdk_pb2.SchemaResponse(without_schema=common_pb2.TableList(tables=tables))


FLIGHTS = table(
    "flights", column("id", "INT", True), column("dest", "STRING"), column("at", "UTC_DATETIME")
)


def record(kind: str, name: str = "flights", **data: Value) -> connector_sdk_pb2.StructuredRecord:
    return connector_sdk_pb2.StructuredRecord(
        table_name=name, type=common_pb2.RecordType.Value(kind), data=data
    )


def row(number: int, dest: str | None = "JFK") -> connector_sdk_pb2.StructuredRecord:
    text = NULL if dest is None else Value(string=dest)
    return record("UPSERT", id=Value(int=number), dest=text, at=NULL)


def batch(*records: connector_sdk_pb2.StructuredRecord) -> Response:
    return Response(
        structured_records=connector_sdk_pb2.StructuredRecords(structured_records=records)
    )


def checkpoint(state: str) -> Response:
    return Response(checkpoint=connector_sdk_pb2.Checkpoint(state_json=state))


def destination(*tables: common_pb2.Table, **options: object) -> FakeDestination:
    made = FakeDestination(**options)
    made.apply_schema(schema(*(tables or [FLIGHTS])))
    return made


def dests(of: FakeDestination) -> dict[int, str | None]:
    """{id: dest} of the live rows."""
    return {cells["id"]: cells["dest"] for cells in of.tables["flights"].live().values()}


def test_an_upsert_replaces_the_row():
    made = destination()
    made.apply(batch(row(1, "JFK"), row(2, "LAX")))
    made.apply(batch(row(1, None)))
    assert dests(made) == {1: None, 2: "LAX"}
    assert (made.counts.records, made.counts.upserts.total(), made.counts.messages) == (3, 3, 2)


def test_a_column_left_out_of_an_upsert_is_null_where_it_may_be_left_out():
    made = destination(selected={"flights": {"id", "dest"}})
    only_selected = record("UPSERT", id=Value(int=1), dest=Value(string="JFK"))
    made.apply(batch(only_selected))
    assert list(made.tables["flights"].live().values()) == [{"id": 1, "dest": "JFK", "at": None}]


def test_an_update_changes_only_the_columns_sent_and_makes_no_row():
    made = destination()
    made.apply(batch(row(1, "JFK")))
    made.apply(batch(record("UPDATE", id=Value(int=1), at=Value(utc_datetime={"seconds": 5}))))
    made.apply(batch(record("UPDATE", id=Value(int=2), dest=Value(string="LAX"))))
    assert list(made.tables["flights"].live().values()) == [{"id": 1, "dest": "JFK", "at": (5, 0)}]


def test_a_delete_marks_its_row_and_an_upsert_brings_it_back():
    made = destination()
    made.apply(batch(row(1), row(2)))
    made.apply(batch(record("DELETE", id=Value(int=1))))
    assert dests(made) == {2: "JFK"}
    made.apply(batch(row(1, "SFO")))
    assert dests(made) == {1: "SFO", 2: "JFK"}


def test_truncate_marks_what_was_written_before_it():
    made = destination()
    deleted = []
    made.on_deleted = lambda name, keys: deleted.append((name, len(keys)))
    made.apply(batch(row(1), row(2), record("TRUNCATE"), row(2), row(3)))
    assert dests(made) == {2: "JFK", 3: "JFK"}
    assert deleted == [("flights", 2)]
    assert made.counts.truncates == {"flights": 1}


def test_a_schema_change_adds_a_column():
    made = destination()
    made.apply(batch(row(1)))
    change = common_pb2.TableList(tables=[table("flights", column("id", "INT", True),
                                                column("delay", "DOUBLE"))])  # fmt: skip
    made.apply(Response(schema_change=connector_sdk_pb2.SchemaChange(without_schema=change)))
    later = row(2)
    later.data["delay"].double = 1.5
    made.apply(batch(later))
    rows = sorted(made.tables["flights"].live().values(), key=lambda cells: cells["id"])
    assert [cells["delay"] for cells in rows] == [None, 1.5]
    assert made.schema_changes == ["flights"]


def test_a_snapshot_is_what_a_crash_left_and_stays_so():
    made = destination()
    made.apply_all([batch(row(1)), checkpoint('{"at":1}')])
    kept = made.snapshot()
    made.apply_all([batch(record("TRUNCATE"), row(2)), checkpoint('{"at":2}')])
    assert (dests(kept), dests(made)) == ({1: "JFK"}, {2: "JFK"})
    assert (kept.states, made.states) == (['{"at":1}'], ['{"at":1}', '{"at":2}'])


def test_rows_between_checkpoints_are_counted():
    made = destination()
    made.apply_all([batch(row(1), row(2)), checkpoint("{}"), batch(row(3), row(4), row(5))])
    assert made.counts.rows_between_checkpoints_most == 3


BROKEN_RECORDS = {
    "too many records": [batch(*(row(number) for number in range(101)))],
    "no records": [batch()],
    "too many bytes": [batch(row(1), row(2, "x" * BATCH_BYTES_MAX))],
    "a table of no schema": [batch(record("UPSERT", "planes", id=Value(int=1)))],
    "a column of no schema": [batch(record("UPSERT", id=Value(int=1), gate=Value(int=2)))],
    "a column left out": [batch(record("UPSERT", id=Value(int=1), dest=NULL))],
    "a value of another type": [
        batch(record("UPSERT", id=Value(long=1), dest=NULL, at=NULL))
    ],
    "no value at all": [batch(record("UPSERT", id=Value(int=1), dest=Value(), at=NULL))],
    "a NULL key": [batch(record("UPSERT", id=NULL, dest=NULL, at=NULL))],
    "no key": [batch(record("DELETE", dest=NULL))],
    "year 10000": [
        batch(record("UPSERT", id=Value(int=1), dest=NULL,
                     at=Value(utc_datetime={"seconds": 253_402_300_800})))
    ],
    "a schema's name": [
        batch(connector_sdk_pb2.StructuredRecord(schema_name="s", table_name="flights"))
    ],
    "a message of no kind": [Response()],
    "a message of a later version": [
        Response(truncate=connector_sdk_pb2.Truncate(table_name="flights"))
    ],
    "rows behind a task": [
        Response(task=common_pb2.Task(message="log in again")), batch(row(1))
    ],
    "a task that says nothing": [Response(task=common_pb2.Task())],
}  # fmt: skip


@pytest.mark.parametrize("responses", BROKEN_RECORDS.values(), ids=BROKEN_RECORDS)
def test_messages_that_break_the_contract_are_found(responses):
    made = destination()
    *before, broken = responses
    made.apply_all(before)
    with pytest.raises(ContractError):
        made.apply(broken)


def test_rows_of_tables_and_columns_that_are_not_selected_are_found():
    made = destination(FLIGHTS, table("planes", column("id", "INT", True)),
                       selected={"flights": {"id", "dest"}})  # fmt: skip
    with pytest.raises(ContractError, match="at.* too many"):
        made.apply(batch(row(1)))
    with pytest.raises(ContractError, match="planes, which is not selected"):
        made.apply(batch(record("UPSERT", "planes", id=Value(int=1))))


BROKEN_SCHEMAS = {
    "no key": [table("t", column("a", "INT"))],
    "a type for no source": [table("t", column("a", "INT", True), column("b", "NAIVE_TIME"))],
    "no type": [table("t", column("a", "UNSPECIFIED", True))],
    "a decimal without its size": [table("t", column("a", "DECIMAL", True))],
    "columns of one name": [table("t", column("a b", "INT", True), column("A_b", "INT"))],
    "tables of one name": [table("t", column("a", "INT", True)), table("T", column("a", "INT"))],
}


@pytest.mark.parametrize("tables", BROKEN_SCHEMAS.values(), ids=BROKEN_SCHEMAS)
def test_schemas_that_break_the_contract_are_found(tables):
    with pytest.raises(ContractError):
        FakeDestination().apply_schema(schema(*tables))


def test_dates_are_at_midnight():
    made = destination(table("days", column("day", "NAIVE_DATE", True)))
    made.apply(batch(record("UPSERT", "days", day=Value(naive_date={"seconds": -86_400}))))
    with pytest.raises(ContractError, match="midnight"):
        made.apply(batch(record("UPSERT", "days", day=Value(naive_date={"seconds": 3_600}))))


def test_one_record_alone_may_pass_the_limit_of_a_batch():
    made = destination()
    made.apply(batch(row(1, "x" * 3 * BATCH_BYTES_MAX)))
    assert made.counts.upserts == {"flights": 1}


class ScriptedConnector(connector_sdk_pb2_grpc.SourceConnectorServicer):
    """Sends two rows, a checkpoint behind each, or what is left behind the state it is given."""

    def __init__(self) -> None:
        self.requests: list[connector_sdk_pb2.UpdateRequest] = []

    def Schema(self, request: object, context: grpc.ServicerContext) -> object:  # noqa: N802
        return schema(FLIGHTS)

    def Update(self, request: object, context: grpc.ServicerContext) -> Iterator:  # noqa: N802
        self.requests.append(request)
        sent = int(request.state_json or "0")
        for number in range(sent + 1, 3):
            yield batch(row(number))
            yield checkpoint(str(number))
        if "fail" in request.configuration:
            context.abort(grpc.StatusCode.UNAVAILABLE, "no node could be reached")


@pytest.fixture
def scripted() -> Iterator[tuple[Client, ScriptedConnector]]:
    connector = ScriptedConnector()
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=2))
    connector_sdk_pb2_grpc.add_SourceConnectorServicer_to_server(connector, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with Client(port) as client:
        yield client, connector
    server.stop(grace=None).wait()


def test_the_client_syncs_and_goes_on_from_a_state(scripted):
    client, connector = scripted
    made = FakeDestination()
    chosen = select({"flights": {"at": False}, "planes": False})
    assert client.sync(made, {"keyspace": "nyc"}, selection=chosen) == "2"
    assert dests(made) == {1: "JFK", 2: "JFK"}
    resumed = FakeDestination()
    assert client.sync(resumed, {"keyspace": "nyc"}, state="1") == "2"
    assert dests(resumed) == {2: "JFK"}
    assert connector.requests[0].selection == chosen
    assert [request.HasField("state_json") for request in connector.requests] == [False, True]


def test_a_failed_call_is_an_error_with_its_status(scripted):
    client, _ = scripted
    with pytest.raises(grpc.RpcError) as failed:
        client.sync(FakeDestination(), {"fail": "yes"})
    assert failed.value.code() == grpc.StatusCode.UNAVAILABLE
    assert failed.value.details() == "no node could be reached"
