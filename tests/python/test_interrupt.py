"""Ctrl-C: a process of its own gets SIGINT and ends by KeyboardInterrupt, promptly. And what waits
holds up no other thread of Python's."""

import json
import os
import signal
import subprocess
import sys
import time

import planted
import pytest
import ringsync
from destination import Destination, Log
from other_thread import other_thread
from sockets import silent_host

pytestmark = pytest.mark.timeout(120)
PROMPT_S = 5  # about one, on a machine that has nothing else to do

HEAD = """
import json, sys, time, ringsync
configuration = json.loads(sys.argv[1])
class Log:
    def info(self, message): pass
    warning = severe = info
class Operations:
    rows = 0
    def upsert(self, table, data):
        self.rows += 1
        if self.rows == 100: print("started", flush=True)
    def truncate(self, table): pass
    def checkpoint(self, state): pass
class Slow(Operations):
    def upsert(self, table, data):
        super().upsert(table, data)
        time.sleep(0.0005)  # so that one sync takes minutes
def started(): print("started", flush=True)
def endless(scanned):
    import pyarrow
    started()
    while True:
        pyarrow.RecordBatchReader.from_stream(scanned).read_all()
try:
"""
TAIL = """
except KeyboardInterrupt:
    print("KeyboardInterrupt", flush=True)
"""


def interrupted(configuration: dict, code: str) -> tuple[str, float]:
    """What the process printed, and how long it lived after SIGINT."""
    process = planted.WatchedProcess(
        [sys.executable, "-c", HEAD + "    " + code + TAIL, json.dumps(configuration)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ,
    )  # fmt: skip
    try:
        assert process.stdout.readline() == "started\n", process.stderr.read()
        time.sleep(0.3)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        # No signal ended it; 1 where the library's own error for a broken stream came first.
        assert process.returncode in (0, 1), f"{process.returncode}: {out}{err}"
        return out + err, time.monotonic() - began
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    "code",
    [
        "ringsync.update(configuration, {}, Slow(), Log())",
        "endless(ringsync.scan(configuration, 'flights'))",
    ],
    ids=["update", "scan"],
)
def test_ctrl_c_ends_a_read_promptly(configuration, nyc, measured, code):
    out, seconds = interrupted(configuration(nyc), code)
    measured(f"ended {seconds:.2f} s after SIGINT")
    assert seconds < PROMPT_S
    assert "KeyboardInterrupt" in out, out


@pytest.mark.parametrize(
    "code",
    [
        "started(); ringsync.schema(configuration)",
        "started(); ringsync.scan(configuration, 't')",
        "started(); ringsync.update(configuration, {}, Operations(), Log())",
    ],
    ids=["schema", "scan", "update"],
)
def test_ctrl_c_ends_the_wait_for_a_server_that_says_nothing(measured, code):
    with silent_host(connect_timeout_seconds="60") as configuration:
        out, seconds = interrupted(configuration, code)
    measured(f"ended {seconds:.2f} s after SIGINT")
    assert seconds < PROMPT_S
    assert "KeyboardInterrupt" in out, out


@pytest.mark.parametrize(
    "call",
    [
        ringsync.schema,
        lambda configuration: ringsync.scan(configuration, "t"),
        lambda configuration: ringsync.update(configuration, {}, Destination([]), Log()),
    ],
    ids=["schema", "scan", "update"],
)
def test_other_threads_run_while_a_server_is_waited_for(measured, call):
    with silent_host(connect_timeout_seconds="2") as configuration, other_thread() as other:
        began = time.monotonic()
        with pytest.raises(ringsync.SourceError):
            call(configuration)
        waited_ms = (time.monotonic() - began) * 1000
    measured(f"another thread ran {other.counted} times in {waited_ms:.0f} ms")
    assert waited_ms > 1000 and other.counted > waited_ms / 20
