"""Clients by HTTP/2 frames of their own: one that never ends its messages, one without a call."""

import contextlib
import select
import socket
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE = 0, 1, 3, 4, 6, 8
ACK, END_HEADERS = 1, 4
INITIAL_WINDOW_SIZE = 4
FRAME_BYTES = 16384
HEAD_BYTES = 9


def _frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def _literal(name: bytes, value: bytes) -> bytes:
    """A header without compression (HPACK)."""
    return bytes([0, len(name)]) + name + bytes([len(value)]) + value


def _request(path: str) -> bytes:
    headers = {
        b":method": b"POST", b":scheme": b"http", b":path": path.encode(), b":authority": b"here",
        b"content-type": b"application/grpc", b"te": b"trailers",
    }  # fmt: skip
    return b"".join(_literal(name, value) for name, value in headers.items())


GREETING = PREFACE + _frame(SETTINGS)  # after it a connection is open and idle


class HalfSent:
    """A connection with `streams` calls, each of a message whose last byte does not come."""

    def __init__(self, port: int, path: str, streams: int, message_bytes: int):
        self.sent_bytes = 0
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._window = self._initial = 65535
        self._unread = b""
        self._windows = {1 + 2 * number: self._initial for number in range(streams)}
        self._left = dict.fromkeys(self._windows, message_bytes - 1)
        self._socket.sendall(GREETING)
        for stream in self._windows:
            self._socket.sendall(_frame(HEADERS, END_HEADERS, stream, _request(path)))
            self._send(stream, struct.pack(">BI", 0, message_bytes))

    def close(self) -> None:
        self._socket.close()

    def send_all(self, quiet_s: float) -> None:
        """Sends what the server lets it, until that is all, or nothing for so long."""
        with contextlib.suppress(ConnectionError):
            while any(self._left[stream] for stream in self._windows):
                sent = [self._send_some(stream) for stream in list(self._windows)]
                if select.select([self._socket], [], [], 0 if any(sent) else quiet_s)[0]:
                    self._read()
                elif not any(sent):
                    return

    def _send(self, stream: int, content: bytes) -> None:
        self._socket.sendall(_frame(DATA, 0, stream, content))
        self._windows[stream] -= len(content)
        self._window -= len(content)
        self.sent_bytes += len(content)

    def _send_some(self, stream: int) -> int:
        size = min(self._left[stream], self._windows[stream], self._window, FRAME_BYTES)
        if size <= 0:
            return 0
        self._send(stream, bytes(size))
        self._left[stream] -= size
        return size

    def _read(self) -> None:
        received = self._socket.recv(65536)
        if not received:
            raise ConnectionError("closed by the server")
        self._unread += received
        while len(self._unread) >= HEAD_BYTES:
            end = HEAD_BYTES + int.from_bytes(self._unread[:3], "big")
            if len(self._unread) < end:
                return
            kind, flags, stream = struct.unpack(">BBI", self._unread[3:HEAD_BYTES])
            self._take(kind, flags, stream, self._unread[HEAD_BYTES:end])
            self._unread = self._unread[end:]

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == WINDOW_UPDATE and stream == 0:
            self._window += int.from_bytes(payload, "big")
        elif kind == WINDOW_UPDATE and stream in self._windows:
            self._windows[stream] += int.from_bytes(payload, "big")
        elif kind == RST_STREAM:
            self._windows.pop(stream, None)
        elif kind == PING and not flags & ACK:
            self._socket.sendall(_frame(PING, ACK, 0, payload))
        elif kind == SETTINGS and not flags & ACK:
            for name, value in struct.iter_unpack(">HI", payload):
                if name == INITIAL_WINDOW_SIZE:
                    self._windows = {
                        each: window + value - self._initial
                        for each, window in self._windows.items()
                    }
                    self._initial = value
            self._socket.sendall(_frame(SETTINGS, ACK))
