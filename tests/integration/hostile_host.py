"""A host that speaks the CQL protocol (native_protocol_v4.spec) and means harm."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator

STARTUP, OPTIONS, QUERY, PREPARE, REGISTER = 1, 5, 7, 9, 11
READY, SUPPORTED, RESULT = 2, 6, 8
ROWS = 2
LIST = 0x20
HEADER = struct.Struct(">BBhBI")  # version, flags, stream, opcode, length of the body
ANSWER_OF_VERSION_4 = 0x84

Answer = tuple[int, int, bytes]  # opcode, length as announced, body


def _whole(opcode: int, body: bytes = b"") -> Answer:
    return opcode, len(body), body


def _until_asked(opcode: int) -> Answer | None:
    """What an ordinary host answers before it is asked for anything."""
    if opcode == OPTIONS:
        return _whole(SUPPORTED, struct.pack(">H", 0))
    return _whole(READY) if opcode in (STARTUP, REGISTER) else None


def long_frame(opcode: int) -> Answer:
    """Announces 3 GiB and sends a little."""
    del opcode
    return SUPPORTED, 3 << 30, bytes(1024)


def many_texts(opcode: int) -> Answer:
    """100 MiB of lists of empty texts, in answer to what any client begins with."""
    del opcode
    texts, lists = 65535, 800
    empty = struct.pack(">H", texts) + bytes(2 * texts)
    keys = [struct.pack(">H", 3) + f"{number:03}".encode() for number in range(lists)]
    return _whole(SUPPORTED, struct.pack(">H", lists) + b"".join(key + empty for key in keys))


def many_columns(opcode: int) -> Answer:
    """Whatever is asked for, it has 2,147,483,647 columns."""
    return _until_asked(opcode) or _whole(RESULT, struct.pack(">IIi", ROWS, 0, 0x7FFFFFFF))


def deep_type(opcode: int) -> Answer:
    """Whatever is asked for, it is a list of lists of lists, 10 million deep."""
    name = struct.pack(">H", 1) + b"x"
    column = 3 * name + struct.pack(">H", LIST) * 10_000_000  # keyspace, table, column
    return _until_asked(opcode) or _whole(RESULT, struct.pack(">IIi", ROWS, 0, 1) + column)


@contextlib.contextmanager
def hostile_host(answer: Callable[[int], Answer]) -> Iterator[int]:
    """Its port. Connections are kept open until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connections: list[socket.socket] = []

        def serve(connection: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while header := connection.recv(HEADER.size, socket.MSG_WAITALL):
                    _, _, stream, asked, length = HEADER.unpack(header)
                    connection.recv(length, socket.MSG_WAITALL)
                    opcode, told, body = answer(asked)
                    head = HEADER.pack(ANSWER_OF_VERSION_4, 0, stream, opcode, told)
                    connection.sendall(head + body)

        def listen() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connections.append(listener.accept()[0])
                    threading.Thread(target=serve, args=[connections[-1]], daemon=True).start()

        threading.Thread(target=listen, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        for connection in connections:
            connection.close()
