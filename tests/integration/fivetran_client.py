"""Fivetran's side of a native connector: starts `ringsync serve` and calls its four methods.

Messages and stub are Fivetran's own (PyPI fivetran-connector-sdk 2.13.1, MIT), so that what is
checked here is checked against a contract that nobody here wrote down.
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator

import grpc
import planted
from fake_destination import MESSAGE_BYTES_MAX, FakeDestination
from fivetran_connector_sdk.protos import common_pb2, connector_sdk_pb2, connector_sdk_pb2_grpc

START_TIMEOUT_S = 30
CALL_TIMEOUT_S = 1800
LEVELS = {"INFO", "WARNING", "SEVERE"}


class Server:
    """`ringsync serve` on a free port, and its log. End it with `stop`, or use it in a `with`."""

    def __init__(self, program: pathlib.Path, folder: pathlib.Path, *arguments: object, **options):
        self.log_lines: list[str] = []  # of standard output, where Fivetran reads the log
        self.error_lines: list[str] = []
        self._port = threading.Event()
        self.port = 0
        self.process = planted.WatchedProcess(
            [program, "serve", "--address", "127.0.0.1", "--port", "0", *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            cwd=folder, **options,
        )  # fmt: skip
        self._readers = [
            threading.Thread(target=self._read, args=read, daemon=True)
            for read in (
                (self.process.stdout, self.log_lines),
                (self.process.stderr, self.error_lines),
            )
        ]
        for reader in self._readers:
            reader.start()
        if not self._port.wait(START_TIMEOUT_S):
            self.stop()
            said = self.log_lines + self.error_lines
            raise AssertionError(f"it does not say on which port it listens: {said}")

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _read(self, stream: Iterable[str], lines: list[str]) -> None:
        for line in stream:
            lines.append(line.rstrip("\n"))
            planted.WATCH.note(line, "the server's log")
            listens = re.search(r"[Ll]isten\w* .*?(?:port |:)(\d+)", line)
            if listens and not self.port:
                self.port = int(listens.group(1))
                self._port.set()

    def log(self) -> list[dict]:
        """The log so far: each line an object as the contract wants it, or an AssertionError."""
        entries = [json.loads(line) for line in list(self.log_lines)]
        for entry in entries:
            assert entry["level"] in LEVELS, entry
            assert entry["message-origin"] == "sdk_connector", entry
            assert isinstance(entry["message"], str), entry
        return entries

    def messages(self, level: str) -> list[str]:
        return [entry["message"] for entry in self.log() if entry["level"] == level]

    def stop(self, how: int = signal.SIGTERM, timeout_s: float = 30) -> int:
        """Ends it and returns its exit code (negative: the signal that ended it)."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        for reader in self._readers:
            reader.join()
        assert not self.error_lines, f"beside its log it says: {self.error_lines}"
        return self.process.returncode

    def usage(self) -> "Usage":
        return Usage.of(self.process.pid)


# Names of threads, as the kernel cuts them.
GRPC_POOLS = {
    "default-executo", "event_engine", "grpc_global_tim", "grpcpp_sync_ser", "resolver-execut",
    "timer_manager",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Usage:
    """What a process holds, from /proc."""

    resident_kib: int
    peak_kib: int  # VmHWM
    threads: int  # without those that gRPC keeps for all calls, of which it starts some late
    descriptors: int

    @staticmethod
    def of(pid: int) -> "Usage":
        threads = 0
        for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
                threads += (thread / "comm").read_text().strip() not in GRPC_POOLS
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
        status = dict(line.split(":", 1) for line in lines)
        return Usage(
            resident_kib=int(status["VmRSS"].split()[0]),
            peak_kib=int(status["VmHWM"].split()[0]),
            threads=threads,
            descriptors=len(os.listdir(f"/proc/{pid}/fd")),
        )


def until(
    holds: Callable[[], bool], what: str, timeout_s: float = 60, poll_s: float = 0.02
) -> None:
    """Waits until `holds()`; an AssertionError that says `what` was waited for."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, f"after {timeout_s} s still not: {what}"
        time.sleep(poll_s)


class Client:
    """The four methods. Failed calls raise grpc.RpcError, whose code() and details() tell."""

    def __init__(self, port: int, host: str = "127.0.0.1"):
        options = [
            ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
            ("grpc.use_local_subchannel_pool", 1),  # a connection of its own for each client
            ("grpc.enable_http_proxy", 0),
        ]
        self._channel = grpc.insecure_channel(f"{host}:{port}", options=options)
        self._stub = connector_sdk_pb2_grpc.SourceConnectorStub(self._channel)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection, and what runs over it."""
        self._channel.close()

    def form(self) -> common_pb2.ConfigurationFormResponse:
        return self._stub.ConfigurationForm(
            common_pb2.ConfigurationFormRequest(), timeout=CALL_TIMEOUT_S, wait_for_ready=True
        )

    def test(self, name: str, configuration: dict[str, str]) -> common_pb2.TestResponse:
        request = common_pb2.TestRequest(name=name, configuration=configuration)
        answer = self._stub.Test(request, timeout=CALL_TIMEOUT_S)
        planted.WATCH.note(answer.failure, f"the answer to Test({name})")
        return answer

    def schema(self, configuration: dict[str, str]) -> connector_sdk_pb2.SchemaResponse:
        request = connector_sdk_pb2.SchemaRequest(configuration=configuration)
        try:
            return self._stub.Schema(request, timeout=CALL_TIMEOUT_S)
        except grpc.RpcError as failed:
            planted.WATCH.note(failed.details(), "the status of Schema")
            raise

    def update(
        self,
        configuration: dict[str, str],
        state: str | None = None,
        selection: connector_sdk_pb2.Selection | None = None,
        timeout_s: float = CALL_TIMEOUT_S,
    ) -> Iterator[connector_sdk_pb2.UpdateResponse]:
        """The stream of one `Update`; it has `cancel()`."""
        request = connector_sdk_pb2.UpdateRequest(
            configuration=configuration, selection=selection, state_json=state
        )
        call = self._stub.Update(request, timeout=timeout_s)
        call.add_done_callback(
            lambda ended: planted.WATCH.note(ended.details(), "the status of Update")
        )
        return call

    def sync(
        self,
        destination: FakeDestination,
        configuration: dict[str, str],
        state: str | None = None,
        selection: connector_sdk_pb2.Selection | None = None,
    ) -> str:
        """What Fivetran does in a sync: schema, then all of `Update`. Returns the last state."""
        destination.apply_schema(self.schema(configuration))
        states_before = len(destination.states)
        destination.apply_all(self.update(configuration, state, selection))
        assert not destination.tasks, destination.tasks
        assert len(destination.states) > states_before, "a sync ends with a checkpoint"
        return destination.states[-1]


def select(
    tables: dict[str, dict[str, bool] | bool],
    include_new_tables: bool = False,
    include_new_columns: bool | set[str] = False,
) -> connector_sdk_pb2.Selection:
    """A selection: {table: False}, or {table: {column: included}}; True takes all columns.

    `include_new_columns` holds for all tables or for those named.
    """
    chosen = []
    for name, columns in tables.items():
        new = include_new_columns
        entry = connector_sdk_pb2.TableSelection(
            included=columns is not False,
            table_name=name,
            columns=columns if isinstance(columns, dict) else {},
            include_new_columns=columns is True or (new if isinstance(new, bool) else name in new),
        )
        chosen.append(entry)
    return connector_sdk_pb2.Selection(
        without_schema=connector_sdk_pb2.TablesWithNoSchema(
            tables=chosen, include_new_tables=include_new_tables
        )
    )
