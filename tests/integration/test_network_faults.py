"""What lines do to connections while a sync reads: Toxiproxy stands between it and the node.

RINGSYNC_TEST_FAULTS=all has every fault; without it, those that break connections.
"""

import os
import re
import time
import uuid

import cql_session
import pytest
import toxiproxy
from interrupted_sync import Sync, finish
from nodes import create_readings, load_readings

ALL = os.environ.get("RINGSYNC_TEST_FAULTS") == "all"
PARTITIONS, ROWS_EACH = 1000, 20
ROWS = PARTITIONS * ROWS_EACH
PAGE_ROWS = 200
REPEATED_MAX = 64 * PAGE_ROWS  # of each range under way, a page may come twice
# So slow that a sync is met in its middle: it takes some ten seconds.
LINE_KB_PER_SECOND = 100
# What an unreadable source may take to end a sync with the configuration's defaults.
END_S = 120


@pytest.fixture(scope="module")
def readings(cassandra):
    """Name of a keyspace with one table of some megabytes."""
    name = f"lines_{uuid.uuid4().hex[:12]}"
    session = cql_session.connect(cassandra)
    try:
        session.execute(
            f"CREATE KEYSPACE {name} WITH replication ="
            f" {{'class': 'NetworkTopologyStrategy', '{cassandra['datacenter']}': 1}}"
        )
        create_readings(session, name)
        load_readings(session, name, PARTITIONS, ROWS_EACH, padding=40)
        yield name
        session.execute(f"DROP KEYSPACE {name}", timeout=600)
    finally:
        session.cluster.shutdown()


@pytest.fixture
def proxy(cassandra, tmp_path):
    with toxiproxy.running(cassandra, tmp_path / "toxiproxy.log") as running:
        running.add("bandwidth", rate=LINE_KB_PER_SECOND)
        yield running


@pytest.fixture
def sync(ringsync, cassandra, readings, proxy, tmp_path):
    keys = {
        "host_1": cassandra["host"],
        "port": proxy.port,
        "username": cassandra["username"],
        "password": cassandra["password"],
        "data_center_region": cassandra["datacenter"],
        "keyspace": readings,
        "page_size": PAGE_ROWS,
        "request_timeout_seconds": 5,
    }
    return Sync(ringsync, tmp_path, keys)


def latency(proxy):
    proxy.add("latency", latency=400)


def jitter(proxy):
    proxy.add("latency", latency=300, jitter=300)
    proxy.add("latency", "upstream", latency=100, jitter=100)


def low_bandwidth(proxy):
    proxy.change("bandwidth", rate=5)
    proxy.add("slicer", average_size=200, size_variation=100, delay=1000)  # microseconds
    time.sleep(30)  # the fault itself
    proxy.remove("slicer")
    proxy.remove("bandwidth")


def resets(proxy):
    for _ in range(3):
        proxy.add("reset_peer", timeout=0)
        time.sleep(2)  # the fault itself
        proxy.remove("reset_peer")
        time.sleep(1)
    proxy.remove("bandwidth")


def refused_connections(proxy):
    proxy.enable(False)
    time.sleep(5)  # the fault itself
    proxy.enable(True)
    proxy.remove("bandwidth")


def half_open(proxy):
    """What is sent gets lost, both ways, and no connection is closed, until new ones work."""
    directions = ("downstream", "upstream")
    for direction in directions:
        proxy.add("timeout", direction, timeout=0)
    time.sleep(15)  # the fault itself: longer than it takes to give the connections up
    for direction in directions:
        proxy.remove("timeout", direction)
    proxy.remove("bandwidth")


def slow_closes(proxy):
    """Each connection is cut after a while, which shows some seconds later only."""
    proxy.add("limit_data", bytes=150_000)
    proxy.add("slow_close", delay=3000)
    time.sleep(20)  # the fault itself
    proxy.remove("limit_data")


BREAKING = [resets, half_open]
SLOWING = []
if ALL:
    BREAKING += [refused_connections, slow_closes]
    SLOWING = [latency, jitter, low_bandwidth]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", BREAKING + SLOWING, ids=lambda fault: fault.__name__)
def test_a_line_that_is_bad_for_a_while_costs_nothing_but_time(
    sync, proxy, readings, source_fingerprint, destination_fingerprint, measured, fault
):
    with sync.in_mid_scan() as process:
        began = time.time()
        fault(proxy)
        ended = time.time()
        code, log = finish(process, timeout_s=300)
        took = time.time() - began
    assert code == 0, log
    assert sync.pages_since(began) > 0, "the fault was not in the middle"
    assert fault in SLOWING or "; trying again, for " in log, "no connection broke"
    assert ROWS <= sync.rows_sent() <= ROWS + REPEATED_MAX
    assert destination_fingerprint(sync.database, readings) == source_fingerprint(readings)
    measured(
        f"{fault.__name__.replace('_', ' ')}: over after {ended - began:.0f} s, the sync after"
        f" {took:.0f} s, {sync.pages_since(began)} pages since"
    )


@pytest.mark.timeout(600)
def test_a_line_that_stays_half_open_ends_the_sync_in_bounded_time_and_the_next_goes_on(
    sync, proxy, readings, source_fingerprint, destination_fingerprint, measured
):
    # The time by default is tried in the full size.
    keys = {"request_timeout_seconds": 30} if ALL else {"retry_seconds": 5}
    with sync.in_mid_scan(**keys) as process:
        began = time.monotonic()
        for direction in ("downstream", "upstream"):
            proxy.add("timeout", direction, timeout=0)
        code, log = finish(process)
        took = time.monotonic() - began
    first = sync.rows_sent()
    assert code == 3, log
    assert took < END_S
    assert "table readings: token range (" in log
    assert f"{sync.keys['host_1']}:{proxy.port}" in log
    assert 0 < first < ROWS
    proxy.enable(False)
    for direction in ("downstream", "upstream"):
        proxy.remove("timeout", direction)
    proxy.enable(True)
    again = sync.run()
    assert again.returncode == 0, again.stderr
    assert sync.tables()["readings"]["resumed"]
    second = sync.rows_sent()
    assert ROWS <= first + second <= ROWS + REPEATED_MAX
    assert destination_fingerprint(sync.database, readings) == source_fingerprint(readings)
    measured(f"ended in {took:.0f} s with {first} of {ROWS} rows; the next sync sent {second}")


@pytest.mark.timeout(300)
def test_on_time_outs_pages_and_scans_at_once_become_fewer_and_recover(
    sync, proxy, readings, source_fingerprint, destination_fingerprint, measured
):
    with sync.in_mid_scan("--log-level", "debug", request_timeout_seconds=2) as process:
        proxy.add("latency", latency=3500)
        time.sleep(7)  # the fault itself
        proxy.remove("latency")
        proxy.remove("bandwidth")
        code, log = finish(process, timeout_s=240)
    assert code == 0, log
    steps = [
        (int(scans), int(rows))
        for scans, rows in re.findall(r"now (\d+) scans at once, pages of up to (\d+) rows", log)
    ]
    falls = log.count("does not keep up: now")
    assert falls > 0
    assert min(scans for scans, _ in steps) < 4, steps
    assert min(rows for _, rows in steps) < PAGE_ROWS, steps
    assert steps[-1] == (4, PAGE_ROWS), steps
    assert destination_fingerprint(sync.database, readings) == source_fingerprint(readings)
    measured(f"{falls} falls, at least {min(steps)}, and back to {steps[-1]}: scans, rows a page")
