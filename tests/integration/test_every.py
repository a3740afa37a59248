"""`ringsync sync --every`: rounds in one process, through failures, until it is told to end."""

import signal
import socket
import threading
import time

import duckdb
import pytest
from sockets import silent_host

USAGE, SOURCE, INTERRUPTED = 2, 3, 130


class Lines:
    """Standard error of a running program, line by line, with a limit to waiting."""

    def __init__(self, process):
        self.seen = []
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._read, args=(process.stderr,), daemon=True)
        self._thread.start()

    def _read(self, stream):
        for line in stream:
            with self._changed:
                self.seen.append(line)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def wait_for(self, text, count=1, timeout_s=60):
        def found():
            return sum(text in line for line in self.seen) >= count

        with self._changed:
            assert self._changed.wait_for(lambda: found() or self._ended, timeout_s), self.seen
            assert found(), self.seen


@pytest.fixture
def start_every(ringsync):
    """start_every(configuration, interval, *more): the process and its lines; ended after."""
    started = []

    def start(configuration, interval, *more):
        process = ringsync.start(
            "sync", "--configuration", configuration, "--to", "duckdb:w.db", "--every", interval,
            "--progress", "none", *more,
        )  # fmt: skip
        started.append(process)
        return process, Lines(process)

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait(timeout=30)


def ids(tmp_path, keyspace):
    with duckdb.connect(str(tmp_path / "w.db"), read_only=True) as connection:
        return connection.execute(f'SELECT id FROM "{keyspace}".plain ORDER BY id').fetchall()


@pytest.mark.sanitized
@pytest.mark.timeout(120)
def test_a_change_between_two_rounds_arrives_and_sigterm_ends_the_wait(
    config, keyspace, session, start_every, tmp_path
):
    session.execute(f"CREATE TABLE {keyspace}.plain (id int PRIMARY KEY)")
    session.execute(f"INSERT INTO {keyspace}.plain (id) VALUES (1)")
    process, lines = start_every(config(keyspace), "2s")
    lines.wait_for("next sync in")
    session.execute(f"INSERT INTO {keyspace}.plain (id) VALUES (2)")
    # The round under way may not have met the row; the one behind it has.
    lines.wait_for("next sync in", count=3)
    process.send_signal(signal.SIGTERM)
    asked = time.monotonic()
    output, _ = process.communicate(timeout=30)
    assert time.monotonic() - asked < 5
    assert process.returncode in (0, INTERRUPTED)  # it may have come into the next round
    assert output.count("1 table") >= 3, "a summary each round"
    assert ids(tmp_path, keyspace) == [(1,), (2,)]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_long_wait_with_the_last_rounds_exit_code(
    config, keyspace, session, start_every, tmp_path, ending
):
    session.execute(f"CREATE TABLE {keyspace}.plain (id int PRIMARY KEY)")
    process, lines = start_every(config(keyspace), "1d")
    lines.wait_for("next sync in")
    process.send_signal(ending)
    asked = time.monotonic()
    assert process.wait(timeout=30) == 0
    assert time.monotonic() - asked < 5
    assert ids(tmp_path, keyspace) == []


@pytest.mark.timeout(120)
def test_a_cluster_that_is_down_ends_its_round_only(config, keyspace, start_every):
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # nobody listens there
        port = reserved.getsockname()[1]
        process, lines = start_every(config(keyspace, host_1="127.0.0.1", port=str(port)), "2s")
        lines.wait_for("error[connect]: ", count=2)
        lines.wait_for("next sync in", count=2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) in (SOURCE, INTERRUPTED)


@pytest.mark.timeout(120)
def test_a_sync_that_outlasts_the_interval_starts_the_next_at_once(config, keyspace, start_every):
    with silent_host() as silent:
        configuration = config(
            keyspace, host_1=silent["host_1"], port=silent["port"], connect_timeout_seconds="2"
        )
        process, lines = start_every(configuration, "1s")
        lines.wait_for("longer than the 1.0 s of --every", count=2)
        process.send_signal(signal.SIGTERM)
        # In the round, or between two.
        assert process.wait(timeout=60) in (SOURCE, INTERRUPTED)


@pytest.mark.timeout(60)
def test_what_only_the_user_can_mend_ends_the_loop_at_once(ringsync, config, keyspace, session):
    session.execute(f"CREATE TABLE {keyspace}.plain (id int PRIMARY KEY)")
    to = ("--to", "duckdb:w.db", "--every", "1d")
    done = ringsync.run("sync", "--configuration", config(keyspace, port="x"), *to)
    assert (done.returncode, "error[config]" in done.stderr) == (USAGE, True)
    done = ringsync.run("sync", "--configuration", config(keyspace, tables="plane"), *to)
    assert (done.returncode, "error[unknown_table]" in done.stderr) == (SOURCE, True)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("interval", ["15", "0s", "1w", "soon"])
def test_an_interval_that_is_none_is_told(ringsync, interval):
    done = ringsync.run("sync", "--to", "null:", "--every", interval)
    assert done.returncode == USAGE
    assert "error[usage]: --every: " in done.stderr and "15m" in done.stderr
