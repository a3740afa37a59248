"""Logs in to a node, and has it run a statement, in a few frames of the CQL native protocol v4.

Enough to know when a starting node is usable, and to set a cluster up, without a driver being
installed. Frames and opcodes: native_protocol_v4.spec, sections 2 and 4.
"""

import socket
import ssl
import struct

_ERROR = 0x00
_STARTUP = 0x01
_READY = 0x02
_AUTHENTICATE = 0x03
_QUERY = 0x07
_RESULT = 0x08
_AUTH_RESPONSE = 0x0F
_AUTH_SUCCESS = 0x10
_CONSISTENCY_ONE = 0x0001
_CONSISTENCY_ALL = 0x0005


class ServerError(Exception):
    """The node's own words on why it did not run a statement."""


def answers(host: str, port: int, timeout_s: float = 5, tls: ssl.SSLContext | None = None) -> bool:
    """Whether the node speaks the protocol, be it only to ask for a log-in."""
    try:
        with _connected(host, port, timeout_s, tls) as connection:
            return _start_up(connection) in (_READY, _AUTHENTICATE)
    except OSError:
        return False


def can_log_in(
    host: str,
    port: int,
    username: str,
    password: str,
    timeout_s: float = 5,
    tls: ssl.SSLContext | None = None,
) -> bool:
    """Whether the node accepts the user (or wants none); False while it refuses or is silent."""
    try:
        with _connected(host, port, timeout_s, tls) as connection:
            return _log_in(connection, username, password)
    except OSError:
        return False


def execute(
    host: str,
    port: int,
    username: str,
    password: str,
    statement: str,
    timeout_s: float = 60,
    all_replicas: bool = False,
) -> None:
    """Runs a statement whose rows, if any, do not matter; with `all_replicas` each of them takes
    part in it. ServerError, or OSError where nothing answers."""
    consistency = _CONSISTENCY_ALL if all_replicas else _CONSISTENCY_ONE
    _execute(host, port, username, password, statement, timeout_s, consistency)


def select_cell(host: str, port: int, username: str, password: str, query: str, size: int) -> bytes:
    """The one cell of a result of one row, which is of `size` bytes and ends the answer. Raises as
    execute() does."""
    answer = _execute(host, port, username, password, query, 20, _CONSISTENCY_ONE)
    if answer[-size - 4 : -size] != struct.pack(">i", size):
        raise ServerError(f"{host}:{port} answers without a cell of {size} bytes")
    return answer[-size:]


def _execute(
    host: str,
    port: int,
    username: str,
    password: str,
    statement: str,
    timeout_s: float,
    consistency: int,
) -> bytes:
    with socket.create_connection((host, port), timeout=timeout_s) as connection:
        if not _log_in(connection, username, password):
            raise ServerError(f"{host}:{port} refuses the log-in of {username}")
        text = statement.encode()
        body = struct.pack(">I", len(text)) + text + struct.pack(">HB", consistency, 0)
        opcode, answer = _ask(connection, _QUERY, body)
        if opcode == _ERROR:
            length = struct.unpack_from(">H", answer, 4)[0]
            raise ServerError(answer[6 : 6 + length].decode(errors="replace"))
        if opcode != _RESULT:
            raise ServerError(f"{host}:{port} answers a query with opcode {opcode}")
        return answer


def _connected(host: str, port: int, timeout_s: float, tls: ssl.SSLContext | None) -> socket.socket:
    connection = socket.create_connection((host, port), timeout=timeout_s)
    if tls is None:
        return connection
    try:
        return tls.wrap_socket(connection, server_hostname=host)
    except BaseException:
        connection.close()
        raise


def _start_up(connection: socket.socket) -> int:
    options = struct.pack(">H", 1) + _string("CQL_VERSION") + _string("3.0.0")
    opcode, _ = _ask(connection, _STARTUP, options)
    return opcode


def _log_in(connection: socket.socket, username: str, password: str) -> bool:
    opcode = _start_up(connection)
    if opcode == _AUTHENTICATE:
        token = b"\0" + username.encode() + b"\0" + password.encode()
        opcode, _ = _ask(connection, _AUTH_RESPONSE, struct.pack(">i", len(token)) + token)
    return opcode in (_READY, _AUTH_SUCCESS)


def _string(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode()


def _ask(connection: socket.socket, opcode: int, body: bytes) -> tuple[int, bytes]:
    connection.sendall(struct.pack(">BBhBi", 4, 0, 0, opcode, len(body)) + body)
    _, _, _, answer, length = struct.unpack(">BBhBi", _read(connection, 9))
    return answer, _read(connection, length)


def _read(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        part = connection.recv(length - len(data))
        if not part:
            raise ConnectionError("the node closed the connection")
        data += part
    return data
