"""A destination as Fivetran's contract describes one, kept in memory.

It takes the messages of an `Update` call, on Fivetran's own classes, and does what the contract
says: UPSERT replaces the row (a column left out becomes NULL), UPDATE changes the columns sent,
DELETE marks a row deleted, TRUNCATE marks those deleted that were written before it. Whatever
breaks a rule of the contract is a ContractError, at the message that breaks it.
"""

import collections
import copy
import dataclasses
import re
from collections.abc import Callable, Iterable

import planted
from fivetran_connector_sdk.protos import common_pb2, connector_sdk_pb2

RECORDS_MAX = 100
BATCH_BYTES_MAX = 100 * 1024
MESSAGE_BYTES_MAX = 128 * 1024 * 1024
DAY_S = 86_400
TIMESTAMP_S = (-62_135_596_800, 253_402_300_799)  # years 1 to 9999

Key = tuple[str, ...]
UpdateResponse = connector_sdk_pb2.UpdateResponse

DataType = common_pb2.DataType
UPSERT, UPDATE, DELETE, TRUNCATE = (
    common_pb2.RecordType.Value(name) for name in ("UPSERT", "UPDATE", "DELETE", "TRUNCATE")
)


class ContractError(AssertionError):
    """A message that the contract does not allow."""


@dataclasses.dataclass(frozen=True)
class Column:
    data_type: str  # as the enumeration names it: "STRING"
    primary_key: bool
    precision: int = 0
    scale: int = 0


@dataclasses.dataclass(frozen=True)
class Row:
    """`cells` has every column that was ever sent for it; others are NULL."""

    cells: dict[str, object]
    synced: int
    deleted: bool = False


@dataclasses.dataclass
class Table:
    columns: dict[str, Column]  # all that there ever were
    current: set[str]  # those of the last schema
    rows: dict[Key, Row] = dataclasses.field(default_factory=dict)

    def key_columns(self) -> list[str]:
        return [name for name, column in self.columns.items() if column.primary_key]

    def live(self) -> dict[Key, dict[str, object]]:
        """The cells of the rows that are not marked deleted; a column never sent is None."""
        return {
            key: {name: row.cells.get(name) for name in self.columns}
            for key, row in self.rows.items()
            if not row.deleted
        }


@dataclasses.dataclass
class Counts:
    """What has arrived; of upserts and truncates by table."""

    messages: int = 0
    records: int = 0
    upserts: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    truncates: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    deletes: int = 0
    batch_records_most: int = 0
    batch_bytes_most: int = 0
    rows_between_checkpoints_most: int = 0


class FakeDestination:
    """Tables by their names in the source, and what came beside rows.

    `selected` gives the columns of each table that a sync may and must send; without it all that
    the schema has. With `takes_new_keys` a table with rows may get another primary key: rows that
    were sent under the old one stay as they are, until a TRUNCATE. `on_deleted(table, keys)` is
    called before live rows are marked deleted.
    """

    def __init__(self, selected: dict[str, set[str]] | None = None):
        self.tables: dict[str, Table] = {}
        self.selected = selected
        self.takes_new_keys = False
        self.states: list[str] = []
        self.warnings: list[str] = []
        self.tasks: list[str] = []
        self.schema_changes: list[str] = []  # names of the tables that one was about
        self.counts = Counts()
        self.on_deleted: Callable[[str, list[Key]], None] = lambda table, keys: None
        self._clock = 0
        self._rows_since_checkpoint = 0

    def snapshot(self) -> "FakeDestination":
        """An independent copy: what a destination holds that keeps everything up to here."""
        copied = copy.copy(self)
        copied.tables = {
            name: Table(dict(table.columns), set(table.current), dict(table.rows))
            for name, table in self.tables.items()
        }
        for name in ("states", "warnings", "tasks", "schema_changes"):
            setattr(copied, name, list(getattr(self, name)))
        copied.counts = Counts()
        copied.on_deleted = lambda table, keys: None
        copied._rows_since_checkpoint = 0
        return copied

    def apply_schema(self, response: connector_sdk_pb2.SchemaResponse) -> None:
        """The answer of `Schema`, which Fivetran asks for before each sync."""
        _require(response.WhichOneof("response") == "without_schema", "tables without a schema")
        for table in self.tables.values():
            table.current.clear()
        self._apply_tables(response.without_schema.tables)

    def apply_all(self, responses: Iterable[UpdateResponse]) -> None:
        for response in responses:
            self.apply(response)

    def apply(self, response: UpdateResponse) -> None:
        """One message of an `Update` call."""
        _require(not self.tasks, "nothing comes behind a task")
        _require(response.ByteSize() <= MESSAGE_BYTES_MAX, "a message of at most 128 MB")
        self.counts.messages += 1
        kind = response.WhichOneof("operation")
        if kind == "structured_records":
            records = response.structured_records.structured_records
            self._check_batch(response.structured_records)
            for record in records:
                self._apply_record(record)
        elif kind == "structured_record":
            self._apply_record(response.structured_record)
        elif kind == "checkpoint":
            self.states.append(response.checkpoint.state_json)
            planted.WATCH.note_destination(self.states[-1], "a saved state")
            self._rows_since_checkpoint = 0
        elif kind == "schema_change":
            change = response.schema_change
            _require(change.WhichOneof("change") == "without_schema", "tables without a schema")
            self.schema_changes += [table.name for table in change.without_schema.tables]
            self._apply_tables(change.without_schema.tables)
        elif kind == "warning":
            _require(response.warning.message != "", "a warning says something")
            self.warnings.append(response.warning.message)
            planted.WATCH.note(self.warnings[-1], "a warning")
        elif kind == "task":
            _require(response.task.message != "", "a task says something")
            self.tasks.append(response.task.message)
            planted.WATCH.note(self.tasks[-1], "a task")
        else:  # what later versions of the classes have is not in the contract
            raise ContractError(f"a message of an unknown kind: {kind}")

    # --- schemas ---------------------------------------------------------------------------------

    def _apply_tables(self, tables: Iterable[common_pb2.Table]) -> None:
        named = list(tables)
        _no_collisions("tables", [table.name for table in named])
        for message in named:
            columns = {column.name: _column(message.name, column) for column in message.columns}
            _no_collisions(f"columns of {message.name}", [each.name for each in message.columns])
            keys = {name for name, column in columns.items() if column.primary_key}
            _require(bool(keys), f"{message.name} has a primary key")
            known = self.tables.get(message.name)
            if known is None:
                self.tables[message.name] = Table(columns, set(columns))
                continue
            _require(
                set(known.key_columns()) == keys or not known.rows or self.takes_new_keys,
                f"the key of {message.name}, which has rows, stays",
            )
            for name in known.columns.keys() - columns.keys():
                known.columns[name] = dataclasses.replace(known.columns[name], primary_key=False)
            known.columns.update(columns)
            known.current |= columns.keys()

    # --- records ---------------------------------------------------------------------------------

    def _check_batch(self, batch: connector_sdk_pb2.StructuredRecords) -> None:
        count, size = len(batch.structured_records), batch.ByteSize()
        _require(0 < count <= RECORDS_MAX, f"1 to {RECORDS_MAX} records in a batch, not {count}")
        _require(
            size <= BATCH_BYTES_MAX or count == 1,
            f"only one record alone may pass {BATCH_BYTES_MAX} bytes, not {count} of {size} bytes",
        )
        self.counts.batch_records_most = max(self.counts.batch_records_most, count)
        if count > 1:
            self.counts.batch_bytes_most = max(self.counts.batch_bytes_most, size)

    def _apply_record(self, record: connector_sdk_pb2.StructuredRecord) -> None:
        _require(not record.HasField("schema_name"), "records without a schema's name")
        table = self.tables.get(record.table_name)
        if table is None:
            raise ContractError(f"a record of {record.table_name}, which no schema has told of")
        self._clock += 1
        self.counts.records += 1
        if record.type == TRUNCATE:
            _require(not record.data, "TRUNCATE has no data")
            self.counts.truncates[record.table_name] += 1
            self._mark_deleted(record.table_name, list(table.rows))
            return
        cells = {
            name: _value(record.table_name, name, table.columns.get(name), value)
            for name, value in record.data.items()
        }
        key = _key(record.table_name, table, cells)
        if record.type == UPSERT:
            self._upsert(record.table_name, table, key, cells)
        elif record.type == UPDATE:
            if key in table.rows:
                merged = {**table.rows[key].cells, **cells}
                table.rows[key] = Row(merged, self._clock, table.rows[key].deleted)
        elif record.type == DELETE:
            self.counts.deletes += 1
            if key in table.rows:
                self._mark_deleted(record.table_name, [key])
        else:
            raise ContractError(f"a record of the unknown type {record.type}")

    def _upsert(self, name: str, table: Table, key: Key, cells: dict[str, object]) -> None:
        expected = table.current
        if self.selected is not None:
            expected = self.selected.get(name, set()) | set(table.key_columns())
            _require(name in self.selected, f"a row of {name}, which is not selected")
        if cells.keys() != expected:
            missing, other = sorted(expected - cells.keys()), sorted(cells.keys() - expected)
            raise ContractError(f"an UPSERT of {name} lacks {missing} and has {other} too many")
        table.rows[key] = Row(cells, self._clock)
        self.counts.upserts[name] += 1
        self._rows_since_checkpoint += 1
        self.counts.rows_between_checkpoints_most = max(
            self.counts.rows_between_checkpoints_most, self._rows_since_checkpoint
        )

    def _mark_deleted(self, name: str, keys: list[Key]) -> None:
        rows = self.tables[name].rows
        live = [key for key in keys if not rows[key].deleted and rows[key].synced < self._clock]
        if live:
            self.on_deleted(name, live)
        for key in live:
            rows[key] = dataclasses.replace(rows[key], deleted=True)


def _require(holds: bool, rule: str) -> None:
    if not holds:
        raise ContractError(f"the contract has it otherwise: {rule}")


def normalised(name: str) -> str:
    """Roughly what Fivetran makes of a name: lower case, underscores for all that is no letter or
    digit. Names that differ only in what is lost become one."""
    return re.sub(r"\W+", "_", name.lower())


def _no_collisions(what: str, names: list[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        _require(name != "", f"names of {what} are not empty")
        other = seen.setdefault(normalised(name), name)
        if other is not name:
            raise ContractError(f"{what}: {other} and {name} have one name in the destination")


def _column(table: str, column: common_pb2.Column) -> Column:
    data_type = DataType.Name(column.type)
    _require(
        data_type not in ("UNSPECIFIED", "NAIVE_TIME"), f"{table}.{column.name} is of {data_type}"
    )
    is_decimal = data_type == "DECIMAL"
    _require(
        column.HasField("params") == is_decimal,
        f"precision and scale for DECIMAL, and only there: {table}.{column.name}",
    )
    decimal = column.params.decimal
    return Column(data_type, column.primary_key, decimal.precision, decimal.scale)


_FIELDS = {  # of a value, by the type of its column
    "BOOLEAN": "bool",
    "SHORT": "short",
    "INT": "int",
    "LONG": "long",
    "DECIMAL": "decimal",
    "FLOAT": "float",
    "DOUBLE": "double",
    "NAIVE_DATE": "naive_date",
    "NAIVE_DATETIME": "naive_datetime",
    "UTC_DATETIME": "utc_datetime",
    "BINARY": "binary",
    "XML": "xml",
    "STRING": "string",
    "JSON": "json",
}


def _value(table: str, name: str, column: Column | None, value: common_pb2.ValueType) -> object:
    """The value in Python; moments as (seconds, nanoseconds) since 1970."""
    if column is None:
        raise ContractError(f"a value for {table}.{name}, which no schema has told of")
    field = value.WhichOneof("inner")
    if field == "null":
        _require(value.null and not column.primary_key, f"a value for the key {table}.{name}")
        return None
    if field != _FIELDS[column.data_type]:
        raise ContractError(f"{table}.{name} is of {column.data_type}, and got {field}")
    inner = getattr(value, field)
    if field in ("naive_date", "naive_datetime", "utc_datetime"):
        _require(
            TIMESTAMP_S[0] <= inner.seconds <= TIMESTAMP_S[1] and 0 <= inner.nanos < 10**9,
            f"{table}.{name} is between the years 1 and 9999",
        )
        is_midnight = inner.seconds % DAY_S == 0 and inner.nanos == 0
        _require(field != "naive_date" or is_midnight, f"{table}.{name}: a date is at midnight")
        return inner.seconds, inner.nanos
    return inner


def _key(name: str, table: Table, cells: dict[str, object]) -> Key:
    parts = []
    for column in table.key_columns():
        if column not in cells:
            raise ContractError(f"a record of {name} without its key column {column}")
        parts.append(repr(cells[column]))
    return tuple(parts)
