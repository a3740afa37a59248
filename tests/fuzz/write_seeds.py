"""Writes the seeds of the fuzz targets' corpora: what a real node, a real sync and Fivetran's own
message classes make. `python3 tests/fuzz/write_seeds.py NODE.json`, from the repository's folder;
NODE.json describes a running Cassandra (tools/cassandra/cassandra.py).

Pages, cells and types are taken from a node's answers as they come off the wire.
"""

import gzip
import hashlib
import json
import pathlib
import random
import struct
import sys
import uuid

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / "tools"), str(REPOSITORY / "tests/integration")]

import cql_session  # noqa: E402
import cql_values  # noqa: E402
from cassandra import protocol  # noqa: E402
from fivetran_connector_sdk.protos import connector_sdk_pb2  # noqa: E402

CORPUS = REPOSITORY / "tests/fuzz/corpus"
VECTOR = 0x8000  # how the driver bridge writes a vector's type (src/cql/type_option.h)
ROWS = 6


def write(target: str, content: bytes) -> None:
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{hashlib.sha256(content).hexdigest()[:16]}").write_bytes(content)


class Reader:
    """Takes the protocol's notations off the front of a frame's body (native_protocol_v4.spec)."""

    def __init__(self, body: bytes) -> None:
        self.body, self.at = body, 0

    def take(self, count: int) -> bytes:
        self.at += count
        return self.body[self.at - count : self.at]

    def number(self, form: str) -> int:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def text(self) -> bytes:
        return self.take(self.number(">H"))

    def option(self) -> bytes:
        """Reads over one type and returns its bytes."""
        start = self.at
        kind = self.number(">H")
        if kind == 0:
            self.text()
        elif kind in (0x20, 0x22):
            self.option()
        elif kind == 0x21:
            self.option(), self.option()
        elif kind == 0x31:
            for _ in range(self.number(">H")):
                self.option()
        elif kind == 0x30:
            self.text(), self.text()
            for _ in range(self.number(">H")):
                self.text(), self.option()
        return self.body[start : self.at]


class Answer:
    """A result of rows, apart: the columns' types, how many rows, and the bytes of their cells."""

    def __init__(self, body: bytes) -> None:
        reader = Reader(body)
        assert reader.number(">i") == 2, "no rows"
        flags, count = reader.number(">i"), reader.number(">i")
        if flags & 2:
            reader.take(max(0, reader.number(">i")))
        if flags & 1:
            reader.text(), reader.text()
        self.types = []
        for _ in range(count):
            if not flags & 1:
                reader.text(), reader.text()
            reader.text()
            self.types.append(reader.option())
        self.row_count = reader.number(">i")
        self.rows = body[reader.at :]

    def cells(self) -> list[list[bytes | None]]:
        reader, rows = Reader(self.rows), []
        for _ in range(self.row_count):
            sizes = (reader.number(">i") for _ in self.types)
            rows.append([None if size < 0 else reader.take(size) for size in sizes])
        return rows


def answer_to(session: cql_session.Session, statement: str) -> Answer:
    bodies = []

    class Recorder(protocol.ProtocolHandler):
        @classmethod
        def decode_message(cls, version, types, stream, flags, opcode, body, *more):
            bodies.append((opcode, bytes(body)))
            return super().decode_message(version, types, stream, flags, opcode, body, *more)

    before, session.client_protocol_handler = session.client_protocol_handler, Recorder
    session.execute(statement)
    session.client_protocol_handler = before
    return Answer(next(body for opcode, body in bodies if opcode == 8))


def write_pages(answer: Answer, keys: int) -> None:
    """Columns by eights, with each set of options that makes a difference."""
    rows = answer.cells()
    for start in range(0, len(answer.types), 8):
        columns = range(start, min(start + 8, len(answer.types)))
        head = bytes([len(columns) - 1]) + b"".join(answer.types[i] for i in columns)
        page = b"".join(
            struct.pack(">i", -1) if row[i] is None else struct.pack(">i", len(row[i])) + row[i]
            for row in rows
            for i in columns
        )
        for options in (0b0000_0001, 0b0000_1111, 0b1110_0011):
            content = bytes([options]) + head + bytes([keys - 1])
            write("page", content + struct.pack(">H", len(rows)) + page)


def write_cells(option: bytes, cells: list[bytes]) -> None:
    write("type", option)
    for i, cell in enumerate(cells):
        other = cells[i - 1]
        write("cell", bytes([i % 16]) + option + struct.pack(">H", len(cell)) + cell + other)


def every_type(rng: random.Random) -> list[cql_values.CqlType]:
    nested, scalar = cql_values.nested, cql_values.scalar
    types = [scalar(kind) for kind in cql_values.SCALARS]
    types += [nested("list", scalar("text")), nested("set", scalar("decimal"))]
    types += [nested("map", scalar("inet"), nested("list", scalar("duration")))]
    types += [nested("map", nested("tuple", scalar("int"), scalar("text")), scalar("blob"))]
    types += [nested("tuple", scalar("timestamp"), scalar("date"), scalar("time"), scalar("float"))]
    types += [nested("udt", scalar("text"), scalar("varint"), name="thing", fields=("a", "b"))]
    rng.shuffle(types)
    return types


def write_from_node(session: cql_session.Session, datacenter: str) -> None:
    rng = random.Random(6)
    keyspace = f"seeds_{uuid.uuid4().hex[:8]}"
    session.execute(
        f"CREATE KEYSPACE {keyspace} WITH replication ="
        f" {{'class': 'NetworkTopologyStrategy', '{datacenter}': 1}}"
    )
    session.execute(f"USE {keyspace}")
    session.execute("CREATE TYPE thing (a text, b varint)")
    types = every_type(rng)
    columns = ", ".join(f"c{i} {each.cql()}" for i, each in enumerate(types))
    session.execute(f"CREATE TABLE t (id int PRIMARY KEY, {columns})")
    names = ", ".join(f"c{i}" for i in range(len(types)))
    insert = session.prepare(
        f"INSERT INTO t (id, {names}) VALUES ({', '.join('?' * (len(types) + 1))})"
    )
    for row in range(ROWS):
        values = [cql_values.random_value(rng, each) for each in types]
        session.execute(insert, [row, *(None if rng.random() < 0.1 else v for v in values)])
    answer = answer_to(session, f"SELECT id, {names} FROM t")
    session.execute(f"DROP KEYSPACE {keyspace}")
    write_pages(answer, keys=1)
    write_pages(answer_to(session, "SELECT keyspace_name, table_name, column_name, type, kind"
                                   " FROM system_schema.columns LIMIT 20"), keys=3)  # fmt: skip
    for i, option in enumerate(answer.types):
        write_cells(option, [row[i] for row in answer.cells() if row[i] is not None])


def write_vectors() -> None:
    """The protocol has no vectors; their cells are as Cassandra's VectorType has them."""
    floats = struct.pack(">HHH", VECTOR, 3, 8)
    write_cells(floats, [struct.pack(">fff", 1.0, -0.5, 3e38), struct.pack(">fff", 0, 1, 2)])
    texts = struct.pack(">HHH", VECTOR, 2, 0x0D)
    write_cells(texts, [b"\x01a\x03b\xc3\xa9", b"\x00\x02cd"])
    nested = struct.pack(">HHHHH", 0x20, VECTOR, 2, VECTOR, 2) + struct.pack(">H", 9)
    one = struct.pack(">iiii", 1, 2, 3, 4)
    write_cells(nested, [struct.pack(">ii", 1, len(one)) + one, struct.pack(">i", 0)])


def write_states() -> list[str]:
    """Those of released versions' syncs, and one of the example that Ringsync goes on from."""
    states = [
        gzip.decompress(file.read_bytes()).decode()
        for file in sorted((REPOSITORY / "tests/fixtures").glob("*/*.state.json.gz"))
    ]
    states += [json.dumps({"a": {"last_updated_at": "2024-01-31 12:00:00"},
                           "b": {"last_updated_at": "2024-01-31T12:00:00.5+01:00"},
                           "gone": {"last_updated_at": None}}), "{}"]  # fmt: skip
    for state in states:
        document = json.loads(state)
        tables = document.get("tables", {})
        for name in tables:  # one table each: small inputs are tried more often
            write("state", json.dumps({**document, "tables": {name: tables[name]}}).encode())
        if len(state) < 4096:
            write("state", state.encode())
    return states


CONFIGURATIONS = [
    {"port": 9042, "include_views": True, "tables": ["or*", "items"], "exclude_tables": "a,b"},
    {"tls": "true", "tls_verify": "full", "tls_ca_file": "/etc/ca.pem",
     "tls_cert_file": "/etc/c.pem", "tls_key_file": "/etc/key.pem"},
    {"password": "${DB_PASSWORD}", "host_2": "[::1]", "host_3": "fe80::1", "cursor_column": "at"},
    {"initial_sync_start": "2024-01-31T12:00:00+02:00", "lag_seconds": "30", "page_size": "500",
     "overlap_seconds": 300, "consistency": "LOCAL_ONE", "index_reads": "never"},
    {"decimal_types": 'or*.total=DECIMAL(12,2), "it ems".n=decimal(38)', "nested_types": "native",
     "on_unrepresentable": "null", "type_mapping": "lossless"},
    {"prot": "1", "commit_rows": -1, "tls": "yes", "initial_sync_start": "tomorrow"},
]  # fmt: skip


def write_configurations() -> list[dict]:
    example = json.loads((REPOSITORY / "examples/configuration.json").read_text())
    configurations = [{**example, **more} for more in CONFIGURATIONS]
    for configuration in [example, *configurations]:
        write("configuration", json.dumps(configuration, indent=2).encode())
    return configurations


def write_requests(configurations: list[dict], states: list[str]) -> None:
    for i, configuration in enumerate(configurations):
        request = connector_sdk_pb2.UpdateRequest(state_json=states[-1 - i % 2])
        for name, value in configuration.items():
            request.configuration[name] = value if isinstance(value, str) else json.dumps(value)
        tables = request.selection.without_schema
        tables.include_new_tables = i % 2 == 0
        for name in ("Orders", 'it"ems', "gone")[: i % 4]:
            table = tables.tables.add(
                table_name=name, included=name != "gone", include_new_columns=i % 3 == 0
            )
            table.columns["updated_at"] = i % 2 == 1
            table.columns["id"] = i % 4 == 1
        write("serve", request.SerializeToString())


def main() -> None:
    node = cql_session.read_node(pathlib.Path(sys.argv[1]))
    session = cql_session.connect(node)
    write_from_node(session, node["datacenter"])
    session.cluster.shutdown()
    write_vectors()
    write_requests(write_configurations(), write_states())


if __name__ == "__main__":
    main()
