"""Calls that are cancelled, read slowly, many at once or one after another, and servers that are
told to end or killed: nothing is lost, nothing leaks, memory stays bounded.

RINGSYNC_TEST_CALLS sets how many calls come one after another.
"""

import concurrent.futures
import itertools
import os
import random
import signal
import statistics
import time

import cql_session
import grpc
import pytest
from cassandra.concurrent import execute_concurrent_with_args
from fake_destination import FakeDestination
from fivetran_client import Client, Server, until

CALLS = int(os.environ.get("RINGSYNC_TEST_CALLS", "120"))
AT_ONCE = 20
PEAK_KIB_MAX = 64 * 1024
PEAK_AT_ONCE_KIB_MAX = 96 * 1024  # of all those calls together
FLIGHTS = 336_776
ROWS = 20_000
PAUSE_S = 3
CANCELLATIONS = 9
CANCELLED_MS_MAX = 100
IS_SANITIZED = "ASAN_OPTIONS" in os.environ
HEALTH_SERVING, HEALTH_NOT_SERVING = b"\x08\x01", b"\x08\x02"  # HealthCheckResponse


@pytest.fixture
def readings(session, keyspace):
    """A keyspace with one table of 20,000 rows."""
    session.execute(
        f"CREATE TABLE {keyspace}.readings (sensor int, nr int, value double, note text,"
        " updated_at timestamp, PRIMARY KEY (sensor, nr))"
    )
    insert = session.prepare(
        f"INSERT INTO {keyspace}.readings (sensor, nr, value, note, updated_at)"
        " VALUES (?, ?, ?, ?, '2024-02-29T12:00:00Z')"
    )
    rows = [(nr % 50, nr, nr / 3, f"reading {nr}") for nr in range(ROWS)]
    execute_concurrent_with_args(session, insert, rows, concurrency=32)
    return keyspace


def check_readings(session, keyspace, destination):
    read = session.execute(f"SELECT sensor, nr, value, note FROM {keyspace}.readings")
    arrived = {
        (cells["sensor"], cells["nr"], cells["value"], cells["note"])
        for cells in destination.tables["readings"].live().values()
    }
    assert arrived == set(read)


def rows_in(response):
    return len(response.structured_records.structured_records)


@pytest.mark.sanitized
def test_a_cancelled_call_ends_its_scan_and_leaves_nothing(
    serve, fivetran, fivetran_configuration, nyc, measured
):
    configuration = fivetran_configuration(nyc, tables="flights")
    list(fivetran.update(fivetran_configuration(nyc, tables="airlines")))  # what stays is there
    before = serve.usage()
    took_ms = []
    for _ in range(CANCELLATIONS):
        call = fivetran.update(configuration)
        for number, response in enumerate(call):
            if number == 20:
                assert response.ByteSize() > 0
                break
        began = time.monotonic()
        call.cancel()
        until(
            lambda: serve.usage().threads <= before.threads,
            "the call's threads have ended",
            poll_s=0.002,
        )
        took_ms.append((time.monotonic() - began) * 1000)
    median_ms = statistics.median(took_ms)
    measured(
        f"threads and scans ended {median_ms:.0f} ms (median), at most {max(took_ms):.0f} ms, after"
        f" the call was cancelled, {CANCELLATIONS} times"
    )
    # Sanitizers take a multiple of the time, and on a busy machine some wait for a processor.
    if not IS_SANITIZED:
        assert sorted(took_ms)[CANCELLATIONS // 4] <= CANCELLED_MS_MAX and max(took_ms) < 3000
    until(lambda: serve.usage().descriptors <= before.descriptors, "their connections are closed")
    rows = sum(map(rows_in, fivetran.update(configuration)))
    assert rows == FLIGHTS, "one that is not cancelled reads everything"


@pytest.mark.sanitized
def test_a_client_that_goes_away_ends_its_scan(serve, fivetran_configuration, nyc):
    with Client(serve.port) as client:
        list(client.update(fivetran_configuration(nyc, tables="airlines")))
        before = serve.usage()
        next(client.update(fivetran_configuration(nyc, tables="flights")))
    until(lambda: serve.usage().threads <= before.threads, "the call's threads have ended")
    until(lambda: serve.usage().descriptors < before.descriptors, "its connections are closed")


def test_a_client_that_reads_slowly_slows_the_scan_and_memory_stays_bounded(
    serve, fivetran, fivetran_configuration, nyc, measured
):
    call = fivetran.update(fivetran_configuration(nyc, tables="flights"))
    rows = 0
    pauses = 0
    for number, response in enumerate(call):
        rows += rows_in(response)
        if number in (50, 1000, 2000):
            time.sleep(PAUSE_S)  # being slow is what is tested, not a wait for something
            pauses += 1
    assert (rows, pauses) == (FLIGHTS, 3)
    usage = serve.usage()
    measured(f"VmHWM {usage.peak_kib / 1024:.1f} MiB with a client that paused {pauses} times")
    assert usage.peak_kib <= PEAK_KIB_MAX


def test_large_cells_pass_in_bounded_memory(
    serve, fivetran, fivetran_configuration, session, keyspace, measured
):
    session.execute(f"CREATE TABLE {keyspace}.large (id int PRIMARY KEY, data blob)")
    insert = session.prepare(f"INSERT INTO {keyspace}.large (id, data) VALUES (?, ?)")
    rng = random.Random(1)
    cells = {number: rng.randbytes(1 << 20) for number in range(100)}
    cql_session.insert_large(session, insert, cells.items())
    configuration = fivetran_configuration(keyspace, type_mapping="lossless")
    destination = FakeDestination()
    destination.apply_schema(fivetran.schema(configuration))
    for number, response in enumerate(fivetran.update(configuration)):
        destination.apply(response)
        if number == 10:
            time.sleep(PAUSE_S)
    live = destination.tables["large"].live().values()
    assert {row["id"]: row["data"] for row in live} == cells
    usage = serve.usage()
    measured(f"VmHWM {usage.peak_kib / 1024:.1f} MiB for {len(cells)} cells of 1 MiB")
    assert usage.peak_kib <= PEAK_KIB_MAX


def test_many_calls_at_once_each_get_all_rows(
    serve, fivetran_configuration, readings, session, measured
):
    # So many log-ins at once keep a small machine busy for a while.
    configuration = fivetran_configuration(
        readings, checkpoint_interval=5000, connect_timeout_seconds=60
    )

    def sync(number):
        del number
        with Client(serve.port) as client:
            destination = FakeDestination()
            client.sync(destination, configuration)
            return destination

    def count(number):
        del number
        with Client(serve.port) as client:
            return sum(map(rows_in, client.update(configuration)))

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        assert set(pool.map(count, range(AT_ONCE))) == {ROWS}
        before = settled(serve)  # what so many calls leave for the next is there
        destinations = list(pool.map(sync, range(AT_ONCE)))
    for destination in destinations:
        check_readings(session, readings, destination)
    until(lambda: serve.usage().threads <= before.threads, "the calls' threads have ended")
    until(lambda: serve.usage().descriptors <= before.descriptors, "connections are closed")
    after = settled(serve)
    measured(
        f"{AT_ONCE} calls at once: VmHWM {after.peak_kib / 1024:.1f} MiB, resident"
        f" {before.resident_kib} → {after.resident_kib} KiB, threads {before.threads} →"
        f" {after.threads}, descriptors {before.descriptors} → {after.descriptors}"
    )
    assert after.peak_kib <= PEAK_AT_ONCE_KIB_MAX
    if IS_SANITIZED:
        return  # freed memory is kept for a while
    # How much of it waits for its client at once is chance: what a call leaks, the next test tells.
    assert after.resident_kib - before.resident_kib < 16 * 1024


@pytest.mark.timeout(3600)
def test_calls_one_after_another_leak_nothing(
    serve, fivetran, fivetran_configuration, session, keyspace, measured
):
    session.execute(f"CREATE TABLE {keyspace}.small (id int PRIMARY KEY, note text)")
    for number in range(20):
        session.execute(f"INSERT INTO {keyspace}.small (id, note) VALUES ({number}, 'here')")
    configuration = fivetran_configuration(keyspace)
    wrong = fivetran_configuration(keyspace, password="wrong")
    tests = [test.name for test in fivetran.form().tests]

    def call(number):
        kind = number % 5
        if kind == 0:
            assert len(fivetran.schema(configuration).without_schema.tables) == 1
        elif kind == 1:
            assert fivetran.test(tests[number // 5 % len(tests)], configuration).success
        elif kind == 2:
            assert fivetran.test(tests[-1], wrong).failure
        elif kind == 3:
            assert sum(map(rows_in, fivetran.update(configuration))) == 20
        else:
            cut = fivetran.update(configuration)
            next(cut)
            cut.cancel()

    warm = max(CALLS // 4, 25)
    for number in range(warm):
        call(number)
    before = settled(serve)
    for number in range(CALLS):
        call(number)
    until(lambda: serve.usage().threads <= before.threads, "as many threads as before")
    until(lambda: serve.usage().descriptors <= before.descriptors, "as many descriptors")
    after = settled(serve)
    measured(
        f"{CALLS} calls after {warm}: resident {before.resident_kib} → {after.resident_kib} KiB,"
        f" threads {before.threads} → {after.threads},"
        f" descriptors {before.descriptors} → {after.descriptors}"
    )
    assert after.resident_kib - before.resident_kib < 1024 + CALLS


def settled(serve):
    """The server's usage once it stays the same, as it does a moment after a cancelled call."""
    seen = [serve.usage()]

    def same():
        time.sleep(0.2)
        seen.append(serve.usage())
        last, this = seen[-2:]
        return (last.threads, last.descriptors) == (this.threads, this.descriptors)

    until(same, "usage that stays the same")
    return seen[-1]


def start(ringsync):
    return Server(ringsync.program, ringsync.folder)


@pytest.mark.sanitized
def test_a_server_that_is_told_to_end_ends_at_once_where_nothing_runs(ringsync):
    for how in (signal.SIGTERM, signal.SIGINT):
        with start(ringsync) as server, Client(server.port) as client:
            assert client.form().fields
            assert server.stop(how) == 0
            server.log()


@pytest.fixture
def wide_readings(session, readings):
    """The same rows with so much text that the server can never have all of it under way: the
    buffers of server, connection and client together hold a small part of these 40 MB."""
    insert = session.prepare(f"INSERT INTO {readings}.readings (sensor, nr, note) VALUES (?, ?, ?)")
    rows = [(nr % 50, nr, f"reading {nr} " + "x" * 2000) for nr in range(ROWS)]
    execute_concurrent_with_args(session, insert, rows, concurrency=32)
    return readings


@pytest.mark.sanitized
def test_a_server_that_is_told_to_end_leaves_a_state_that_is_gone_on_from(
    ringsync, fivetran_configuration, wide_readings, session, measured
):
    configuration = fivetran_configuration(wide_readings, checkpoint_interval=500, page_size=200)
    destination = FakeDestination()
    with start(ringsync) as server, Client(server.port) as client:
        destination.apply_schema(client.schema(configuration))
        responses = client.update(configuration)
        kept = list(itertools.islice(responses, 10))
        with Health(server.port) as health:
            assert health.status() == "SERVING"
            server.process.send_signal(signal.SIGTERM)
            # As long as the client reads no more, the sync is under way.
            assert health.status() in ("NOT_SERVING", "UNAVAILABLE")
        assert refusal_of_a_new_call(server.port) == "UNAVAILABLE"
        assert server.process.poll() is None and not responses.done(), "it drains"
        with pytest.raises(grpc.RpcError) as ended:
            kept.extend(responses)
        assert ended.value.code() == grpc.StatusCode.UNAVAILABLE
        assert ended.value.details().startswith("error[shutting_down]: ")
        assert server.process.wait(30) == 0
        server.log()
    assert kept[-1].WhichOneof("operation") == "checkpoint"
    destination.apply_all(kept)
    sent = destination.counts.upserts["readings"]
    assert 0 < sent < ROWS
    with start(ringsync) as server, Client(server.port) as client:
        destination.apply_all(client.update(configuration, destination.states[-1]))
    check_readings(session, wide_readings, destination)
    assert destination.counts.truncates == {"readings": 1}
    measured(f"ended by SIGTERM after {sent} of {ROWS} rows: {ended.value.details()}")


class Health:
    """The server's health, watched over a connection of its own."""

    def __init__(self, port):
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self._told = self._channel.unary_stream("/grpc.health.v1.Health/Watch")(b"", timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._channel.close()

    def status(self):
        """The next one that is told; or that of the call, once the server has ended it."""
        try:
            told = next(self._told)
        except grpc.RpcError as ended:
            return ended.code().name
        return {HEALTH_SERVING: "SERVING", HEALTH_NOT_SERVING: "NOT_SERVING"}[told]


def refusal_of_a_new_call(port):
    """The status of a call over a new connection."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        with pytest.raises(grpc.RpcError) as refused:
            channel.unary_unary("/fivetran_sdk.v2.SourceConnector/ConfigurationForm")(
                b"", timeout=30
            )
        return refused.value.code().name


@pytest.mark.sanitized
def test_a_server_that_is_killed_again_and_again_loses_nothing(
    ringsync, fivetran_configuration, readings, session, measured
):
    configuration = fivetran_configuration(readings, checkpoint_interval=500, page_size=200)
    destination = FakeDestination()
    rng = random.Random(7)
    kills = 0
    state = None
    finished = False
    while not finished:
        with start(ringsync) as server, Client(server.port) as client:
            if not destination.tables:
                destination.apply_schema(client.schema(configuration))
            left = rng.randint(1, 30)
            finished = True
            for response in client.update(configuration, state):
                destination.apply(response)
                left -= 1
                if left == 0:
                    # What a fast server had sent before it died is lost too: read on, the whole
                    # sync might stand in the buffers of the connection.
                    server.process.kill()
                    kills += 1
                    finished = False
                    state = destination.states[-1] if destination.states else None
                    break
        assert kills < 200, "it gets nowhere"
    check_readings(session, readings, destination)
    assert kills > 2
    sent = destination.counts.upserts["readings"]
    measured(f"{kills} kills; {sent} rows sent for {ROWS}")
