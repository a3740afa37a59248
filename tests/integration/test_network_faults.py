"""What lines do to connections while syncs read, the program's and an Update call of its server:
Toxiproxy stands between them and the node.

RINGSYNC_TEST_FAULTS=all has every fault; without it, those that break connections.
"""

import os
import re
import time
import uuid

import cql_session
import pytest
import toxiproxy
from fivetran_client import Server
from interrupted_sync import Sync, Update, in_mid_scan, run
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
def syncs(ringsync, cassandra, readings, proxy, tmp_path, destination_fingerprint):
    """One of the program, and one of its server."""
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
    with Server(ringsync.program, tmp_path, "--log-level", "debug") as server:
        yield Sync(ringsync, tmp_path, keys, destination_fingerprint), Update(server, keys)


@pytest.fixture
def expect_equal(readings, source_fingerprint):
    def compare(sync):
        assert sync.fingerprint() == source_fingerprint(readings), sync.NAME

    return compare


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
    syncs, proxy, expect_equal, measured, fault
):
    with in_mid_scan(*syncs):
        began, began_s = time.time(), time.monotonic()
        fault(proxy)
        lasted_s = time.monotonic() - began_s
        ends = [sync.finish(timeout_s=300) for sync in syncs]
    told = [f"{fault.__name__.replace('_', ' ')}: over after {lasted_s:.0f} s"]
    for sync, ended in zip(syncs, ends, strict=True):
        assert ended.code == sync.DONE, ended.told + ended.log
        assert sync.come_since(began) > 0, "the fault was not in the middle"
        assert fault in SLOWING or "; trying again, for " in ended.log, "no connection broke"
        assert ROWS <= sync.rows_sent() <= ROWS + REPEATED_MAX
        expect_equal(sync)
        told.append(
            f"{sync.NAME} after {ended.at_s - began_s:.0f} s,"
            f" {sync.come_since(began)} {sync.UNIT} since"
        )
    measured("; ".join(told))


@pytest.mark.timeout(600)
def test_a_line_that_stays_half_open_ends_the_sync_in_bounded_time_and_the_next_goes_on(
    syncs, cassandra, proxy, expect_equal, measured
):
    # The time by default is tried in the full size.
    keys = {"request_timeout_seconds": 30} if ALL else {"retry_seconds": 5}
    with in_mid_scan(*syncs, **keys):
        began_s = time.monotonic()
        for direction in ("downstream", "upstream"):
            proxy.add("timeout", direction, timeout=0)
        ends = [sync.finish() for sync in syncs]
    proxy.enable(False)
    for direction in ("downstream", "upstream"):
        proxy.remove("timeout", direction)
    proxy.enable(True)
    first = [sync.rows_sent() for sync in syncs]
    for sync, ended in zip(syncs, ends, strict=True):
        assert ended.code == sync.UNREADABLE, ended.told + ended.log
        assert ended.at_s - began_s < END_S
        assert re.search(r"table readings: (error\[\w+\]: )?token range \(", ended.told), ended.told
        assert f"{cassandra['host']}:{proxy.port}" in ended.told, ended.told
    told = []
    for sync, before, ended, again in zip(syncs, first, ends, run(*syncs), strict=True):
        assert again.code == sync.DONE, again.told + again.log
        assert sync.has_resumed()
        assert 0 < before < ROWS
        assert ROWS <= before + sync.rows_sent() <= ROWS + REPEATED_MAX
        expect_equal(sync)
        told.append(
            f"{sync.NAME} ended in {ended.at_s - began_s:.0f} s with {before} of {ROWS} rows; the"
            f" next one sent {sync.rows_sent()}"
        )
    measured("; ".join(told))


@pytest.mark.timeout(300)
def test_on_time_outs_pages_and_scans_at_once_become_fewer_and_recover(
    syncs, proxy, expect_equal, measured
):
    with in_mid_scan(*syncs, request_timeout_seconds=2):
        proxy.add("latency", latency=3500)
        time.sleep(7)  # the fault itself
        proxy.remove("latency")
        proxy.remove("bandwidth")
        ends = [sync.finish(timeout_s=240) for sync in syncs]
    told = []
    for sync, ended in zip(syncs, ends, strict=True):
        assert ended.code == sync.DONE, ended.told + ended.log
        steps = [
            (int(scans), int(rows))
            for scans, rows in re.findall(
                r"now (\d+) scans at once, pages of up to (\d+) rows", ended.log
            )
        ]
        falls = ended.log.count("does not keep up: now")
        assert falls > 0
        assert min(scans for scans, _ in steps) < 4, steps
        assert min(rows for _, rows in steps) < PAGE_ROWS, steps
        assert steps[-1] == (4, PAGE_ROWS), steps
        expect_equal(sync)
        told.append(f"{sync.NAME}: {falls} falls, at least {min(steps)}, and back to {steps[-1]}")
    measured(f"{'; '.join(told)}: scans, rows a page")
