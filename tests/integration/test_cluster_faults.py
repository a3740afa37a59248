"""Three nodes, replication 3 and 1, and what befalls nodes while a sync reads from them.

With replication 3 a sync ends right. With replication 1 a dead node's rows cannot be read: the sync
ends in bounded time, says which ranges and nodes, and the next one goes on from there.

RINGSYNC_TEST_FAULTS=all has every fault; without it, a node killed and restarted, and one
that stays dead. RINGSYNC_TEST_FAULT_CLUSTER names the JSON of a running cluster of cluster.py to
use instead, of three nodes in one data centre (its nodes are stopped by the tests).
"""

import concurrent.futures
import contextlib
import dataclasses
import os
import signal
import time
import uuid

import cql_session
import nyc as nyc_loader
import pytest
from interrupted_sync import Sync, finish
from nodes import cluster_home, create_readings, load_readings, start_cluster, tool

ALL = os.environ.get("RINGSYNC_TEST_FAULTS") == "all"
ROWS_EACH = 10
PARTITIONS = {"readings": 1200, "sites": 200, "units": 200}
ROWS = sum(PARTITIONS.values()) * ROWS_EACH
# Small, so that a sync at full speed lasts long enough to be met in its middle.
PAGE_ROWS = 5
REPEATED_MAX = 64 * PAGE_ROWS  # of each range under way, a page may come twice
# So that a sync lasts as long as its fault: a node may take half a minute to come back. One scan at
# once is all that such a limit leaves; faults that need no time are met by a sync at full speed.
SLOWLY = {"max_rows_per_second": 60 if ALL else 600}
SLOWER = {"max_rows_per_second": 30}  # where several nodes are started, or one takes over ranges
MINUTE_S = 60
# What an unreadable source may take to end a sync with the configuration's defaults.
END_S = 120
# A slow machine may take longer to start nodes than a sync waits for them by default.
START_TIMEOUT = ["--timeout", "600"]
START = [*["--dc", "dc1"] * 3, *START_TIMEOUT]
PATIENT = {"retry_seconds": 1200}


@pytest.fixture(scope="module")
def cluster_folder(tmp_path_factory):
    with cluster_home(tmp_path_factory, "RINGSYNC_TEST_FAULT_CLUSTER") as folder:
        yield folder


@pytest.fixture
def cluster(cluster_folder):
    """The cluster, whole: what an earlier test stopped is started again."""
    return start_cluster(cluster_folder, *START)


@pytest.fixture(scope="module")
def keyspaces(cluster_folder):
    """Names of two keyspaces with the same tables, by their replication."""
    names = {copies: f"faults_{copies}_{uuid.uuid4().hex[:8]}" for copies in (3, 1)}
    session = cql_session.connect(start_cluster(cluster_folder, *START))
    try:
        for copies, name in names.items():
            session.execute(
                f"CREATE KEYSPACE {name} WITH replication ="
                f" {{'class': 'NetworkTopologyStrategy', 'dc1': {copies}}}"
            )
            for table, partitions in PARTITIONS.items():
                create_readings(session, name, table)
                load_readings(session, name, partitions, ROWS_EACH, table)
    finally:
        session.cluster.shutdown()
    return names


@pytest.fixture
def sync_of(ringsync, cluster, keyspaces, tmp_path):
    """sync_of(copies): a sync of the keyspace with so many replicas."""

    def make(copies):
        first, second = cluster["nodes"][0], cluster["nodes"][1]
        keys = {
            "host_1": first["host"],
            "host_2": second["host"],
            "port": first["port"],
            "username": cluster["username"],
            "password": cluster["password"],
            "data_center_region": "dc1",
            "keyspace": keyspaces[copies],
            "page_size": PAGE_ROWS,
        }
        return Sync(ringsync, tmp_path, keys)

    return make


@pytest.fixture
def expect_equal(cluster_folder, destination_fingerprint):
    """The destination is the source, by the checksum of two other readers."""

    def compare(sync):
        expected = nyc_loader.fingerprint(start_cluster(cluster_folder, *START), sync.keyspace)
        assert sum(table["rows"] for table in expected.values()) == ROWS
        assert destination_fingerprint(sync.database, sync.keyspace) == expected

    return compare


def kill(node):
    os.kill(node["pid"], signal.SIGKILL)
    tool("cassandra.py", "stop", "--dir", node["directory"])  # waits for its end


@contextlib.contextmanager
def paused(*nodes):
    for node in nodes:
        os.kill(node["pid"], signal.SIGSTOP)
    try:
        yield
    finally:
        for node in nodes:
            os.kill(node["pid"], signal.SIGCONT)


def killed_and_restarted(cluster, folder):
    kill(cluster["nodes"][0])  # the first host of the configuration
    start_cluster(folder, *START)


def all_gone_for_a_minute(cluster, folder):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(kill, cluster["nodes"]))
    gone = time.time()
    time.sleep(MINUTE_S)  # the fault itself
    silence = gone, time.time()
    start_cluster(folder, *START)
    return silence


def paused_and_continued(cluster, folder):
    with paused(cluster["nodes"][1]):
        time.sleep(MINUTE_S)  # the fault itself


def restarted_one_after_the_other(cluster, folder):
    for node in cluster["nodes"]:
        tool("cassandra.py", "stop", "--dir", node["directory"])
        start_cluster(folder, *START)


def one_added(cluster, folder):
    tool("cluster.py", "add", "--dir", folder, *START_TIMEOUT)


def expect_told(log, nodes):
    errors = "\n".join(line for line in log.splitlines() if "error[" in line)
    assert "token range (" in errors, log
    for node in nodes:
        assert f"{node['host']}:{node['port']}" in errors, log


@dataclasses.dataclass
class Lost:
    """Nodes that are lost for good: which, with how many replicas, and how."""

    name: str
    copies: int
    nodes: slice
    pause: bool = False

    @contextlib.contextmanager
    def befalls(self, cluster, folder):
        nodes = cluster["nodes"][self.nodes]
        if self.pause:
            with paused(*nodes):
                yield nodes
            return
        for node in nodes:
            kill(node)
        try:
            yield nodes
        finally:
            start_cluster(folder, *START)


LOST = [Lost("one killed", 1, slice(1, 2))]
if ALL:
    LOST += [
        Lost("one paused", 1, slice(1, 2), pause=True),
        Lost("all killed", 3, slice(None)),
        Lost("all paused", 3, slice(None), pause=True),
    ]


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("lost", LOST, ids=lambda lost: lost.name.replace(" ", "-"))
def test_what_cannot_be_read_is_told_in_bounded_time_and_the_next_sync_goes_on(
    cluster, cluster_folder, sync_of, expect_equal, measured, lost
):
    sync = sync_of(lost.copies)
    # The time by default is tried in the full size.
    keys = {} if ALL else {"retry_seconds": 10, "request_timeout_seconds": 10}
    with sync.in_mid_scan(**keys) as process, lost.befalls(cluster, cluster_folder) as nodes:
        began = time.monotonic()
        code, log = finish(process)
        took = time.monotonic() - began
    first = sync.rows_sent()
    assert code == 3, log
    assert took < END_S
    expect_told(log, nodes)
    assert 0 < first < ROWS

    again = sync.run()
    assert again.returncode == 0, again.stderr
    second = sync.rows_sent()
    assert sync.tables()["readings"]["resumed"]
    assert ROWS <= first + second <= ROWS + REPEATED_MAX
    expect_equal(sync)
    measured(
        f"{lost.name}, replication {lost.copies}: ended in {took:.0f} s with {first} of {ROWS}"
        f" rows; the next sync sent {second}"
    )


# The last one leaves a node more: what is above needs three.
FAULTS = [killed_and_restarted]
if ALL:
    FAULTS += [
        all_gone_for_a_minute, paused_and_continued, restarted_one_after_the_other, one_added,
    ]  # fmt: skip


@pytest.mark.timeout(2400)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_nodes_that_come_back_cost_nothing(
    cluster, cluster_folder, sync_of, expect_equal, measured, fault
):
    three, one = sync_of(3), sync_of(1)
    slowly = SLOWER if fault in (restarted_one_after_the_other, one_added) else SLOWLY
    is_pause = fault is paused_and_continued
    patience = PATIENT if fault is all_gone_for_a_minute else {}
    with (
        one.in_mid_scan(**slowly, **PATIENT) as of_one,
        three.in_mid_scan(**({} if is_pause else slowly), **patience) as of_three,
    ):
        assert of_one.poll() is None and of_three.poll() is None
        began = time.time()
        silence = fault(cluster, cluster_folder)
        took = time.time() - began
        outlasted = of_three.poll() is None
        ended = time.time()
        for process in (of_three, of_one):
            code, log = finish(process)
            assert code == 0, log
    for sync in (three, one):
        assert ROWS <= sync.rows_sent() <= ROWS + REPEATED_MAX
        expect_equal(sync)
    assert one.pages_since(ended) > 0, "it must have read on behind the fault"
    if is_pause:
        assert not outlasted, "two replicas of three are enough"
    elif ALL:
        assert outlasted and three.pages_since(ended) > 0
    if silence:
        assert [sync.pages_between(*silence) for sync in (three, one)] == [0, 0]
    measured(
        f"{fault.__name__.replace('_', ' ')}: {took:.0f} s; {three.pages_since(began)} pages with"
        f" replication 3 since it began, {three.pages_since(ended)} behind it; with replication 1"
        f" {one.pages_since(began)} and {one.pages_since(ended)}"
    )
