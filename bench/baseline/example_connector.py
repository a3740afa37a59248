"""The baseline: a connector as the document of Fivetran's Python example for ScyllaDB describes it.

Written anew from that document, for Fivetran's Connector SDK 2.13.1 and the Python driver, and
without the defects that would make it slow: each table is read once, by a prepared statement in
pages of a size that was tried out, not once for every six hours. What it keeps: all tables of the
keyspace discovered, the document's type table, `op.upsert` for each row, a checkpoint every 1,000
rows, `updated_at` as the cursor of later syncs.
"""

import datetime
from collections.abc import Callable, Iterable

from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, Session
from cassandra.policies import DCAwareRoundRobinPolicy, TokenAwarePolicy
from cassandra.query import tuple_factory
from fivetran_connector_sdk import Connector
from fivetran_connector_sdk import Logging as log
from fivetran_connector_sdk import Operations as op

CURSOR = "updated_at"
CHECKPOINT_ROWS = 1000
FETCH_ROWS = 2000  # of 500, 1000, 2000, 5000 and 10000 the quickest; the differences are small
REQUIRED = ("host_1", "port", "username", "password", "data_center_region", "keyspace")

TYPES = {
    "text": "STRING", "varchar": "STRING", "ascii": "STRING", "int": "INT", "smallint": "INT",
    "tinyint": "INT", "bigint": "LONG", "varint": "LONG", "float": "FLOAT", "double": "DOUBLE",
    "decimal": "DOUBLE", "boolean": "BOOLEAN", "timestamp": "UTC_DATETIME", "date": "NAIVE_DATE",
    "uuid": "STRING", "timeuuid": "STRING", "blob": "STRING",
}  # fmt: skip

# What the SDK cannot take as the driver gives it. The driver's date-times are naive and in UTC.
CONVERSIONS: dict[str, Callable[[object], object]] = {
    "timestamp": lambda value: value.replace(tzinfo=datetime.UTC),
    "date": lambda value: value.date(),
    "decimal": float,
    "uuid": str,
    "timeuuid": str,
    "blob": lambda value: "0x" + value.hex(),
}


def validate_configuration(configuration: dict) -> None:
    missing = [key for key in REQUIRED if not configuration.get(key)]
    if missing:
        raise ValueError(f"the configuration lacks {', '.join(missing)}")


def connect(configuration: dict) -> Session:
    hosts = [configuration.get(key) for key in ("host_1", "host_2", "host_3")]
    policy = TokenAwarePolicy(DCAwareRoundRobinPolicy(configuration["data_center_region"]))
    profile = ExecutionProfile(
        load_balancing_policy=policy, row_factory=tuple_factory, request_timeout=60
    )
    cluster = Cluster(
        contact_points=[host for host in hosts if host],
        port=int(configuration["port"]),
        auth_provider=PlainTextAuthProvider(configuration["username"], configuration["password"]),
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        protocol_version=4,
    )
    return cluster.connect(configuration["keyspace"])


def discover(session: Session, configuration: dict) -> dict[str, list[tuple[str, str, str]]]:
    """{table: [(column, CQL type, kind)]}; `kind` tells keys from other columns."""
    columns = session.execute(
        "SELECT table_name, column_name, type, kind FROM system_schema.columns"
        " WHERE keyspace_name = %s",
        [configuration["keyspace"]],
    )
    tables: dict[str, list[tuple[str, str, str]]] = {}
    wanted = configuration.get("tables")  # the benchmark's; the document has all tables synced
    for table, *column in columns:
        if not wanted or table == wanted:
            tables.setdefault(table, []).append(tuple(column))
    return tables


def schema(configuration: dict) -> list[dict]:
    validate_configuration(configuration)
    session = connect(configuration)
    try:
        return [
            {
                "table": table,
                "primary_key": [
                    name for name, _, kind in columns if kind in ("partition_key", "clustering")
                ],
                "columns": {name: TYPES.get(cql, "STRING") for name, cql, _ in columns},
            }
            for table, columns in discover(session, configuration).items()
        ]
    finally:
        session.cluster.shutdown()


def update(configuration: dict, state: dict) -> None:
    validate_configuration(configuration)
    session = connect(configuration)
    try:
        for table, columns in discover(session, configuration).items():
            sync_table(session, table, columns, state)
    finally:
        session.cluster.shutdown()


def sync_table(session: Session, table: str, columns: list, state: dict) -> None:
    names = [name for name, _, _ in columns]
    started = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
    text = f"SELECT {', '.join(names)} FROM {table}"
    since = state.get(table, {}).get("last_updated_at") if CURSOR in names else None
    if since:
        text += f" WHERE {CURSOR} > ? ALLOW FILTERING"
    statement = session.prepare(text)
    statement.fetch_size = FETCH_ROWS
    bound = [datetime.datetime.strptime(since, "%Y-%m-%d %H:%M:%S")] if since else []
    count = upsert_rows(session.execute(statement, bound), table, columns, state)
    # Only now: rows come in the order of their tokens, so that none before the end has a cursor.
    state[table] = {"last_updated_at": started}
    op.checkpoint(state)
    log.info(f"{table}: {count} rows")


def upsert_rows(rows: Iterable[tuple], table: str, columns: list, state: dict) -> int:
    """Sends the rows and the checkpoints among them; returns how many rows there were."""
    names = [name for name, _, _ in columns]
    conversions = [(name, CONVERSIONS[cql]) for name, cql, _ in columns if cql in CONVERSIONS]
    count = 0
    for values in rows:
        row = dict(zip(names, values))
        for name, convert in conversions:
            if row[name] is not None:
                row[name] = convert(row[name])
        op.upsert(table, row)
        count += 1
        if count % CHECKPOINT_ROWS == 0:
            op.checkpoint(state)
    return count


connector = Connector(update=update, schema=schema)
