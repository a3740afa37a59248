"""Asks a node, in a few frames of the CQL native protocol v4, whether a log-in succeeds.

Enough to know when a starting node is usable without a driver being installed. Frames and
opcodes: native_protocol_v4.spec, sections 2 and 4.
"""

import socket
import struct

_STARTUP = 0x01
_READY = 0x02
_AUTHENTICATE = 0x03
_AUTH_RESPONSE = 0x0F
_AUTH_SUCCESS = 0x10


def can_log_in(host: str, port: int, username: str, password: str, timeout_s: float = 5) -> bool:
    """Whether the node accepts the user (or wants none); False while it refuses or is silent."""
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as connection:
            options = struct.pack(">H", 1) + _string("CQL_VERSION") + _string("3.0.0")
            opcode = _ask(connection, _STARTUP, options)
            if opcode == _AUTHENTICATE:
                token = b"\0" + username.encode() + b"\0" + password.encode()
                opcode = _ask(connection, _AUTH_RESPONSE, struct.pack(">i", len(token)) + token)
            return opcode in (_READY, _AUTH_SUCCESS)
    except OSError:
        return False


def _string(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode()


def _ask(connection: socket.socket, opcode: int, body: bytes) -> int:
    connection.sendall(struct.pack(">BBhBi", 4, 0, 0, opcode, len(body)) + body)
    _, _, _, answer, length = struct.unpack(">BBhBi", _read(connection, 9))
    _read(connection, length)
    return answer


def _read(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        part = connection.recv(length - len(data))
        if not part:
            raise ConnectionError("the node closed the connection")
        data += part
    return data
