"""Three nodes, replication 3 and 1, and what befalls nodes while syncs read from them: those of the
program and Update calls of its server, side by side.

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
import re
import signal
import time
import uuid

import cql_session
import nyc as nyc_loader
import pytest
import toxiproxy
from fivetran_client import Server, until
from interrupted_sync import Sync, Update, in_mid_scan, run
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
ON_ITS_WAY_S = 5  # what has been read may wait so long for its turn, and arrive then
# What an unreadable source may take to end a sync with the configuration's defaults.
END_S = 120
# A slow machine may take longer to start nodes than a sync waits for them by default.
START_TIMEOUT = ["--timeout", "600"]
START = [*["--dc", "dc1"] * 3, *START_TIMEOUT]
PATIENT = {"retry_seconds": 1200}
WIDE_PARTITIONS, WIDE_ROWS_EACH = 2000, 4
WIDE_ROWS = WIDE_PARTITIONS * WIDE_ROWS_EACH
PEAK_KIB_MAX = 64 * 1024  # of the server, whatever clients do
SILENT_END_S = 120  # a client is asked for a sign of life after a minute without one
READS_NOTHING_S = 200  # it has been asked three times, without data in between


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
def server(ringsync):
    with Server(ringsync.program, ringsync.folder, "--log-level", "debug") as running:
        yield running
    running.log()


@pytest.fixture
def keys_of(cluster):
    """keys_of(keyspace): a configuration."""

    def make(keyspace):
        first, second = cluster["nodes"][0], cluster["nodes"][1]
        return {
            "host_1": first["host"],
            "host_2": second["host"],
            "port": first["port"],
            "username": cluster["username"],
            "password": cluster["password"],
            "data_center_region": "dc1",
            "keyspace": keyspace,
            "page_size": PAGE_ROWS,
        }

    return make


@pytest.fixture
def syncs_of(ringsync, keys_of, keyspaces, tmp_path, destination_fingerprint):
    """syncs_of(copies): of the keyspace with so many replicas, one of the program and one of a
    server."""
    with contextlib.ExitStack() as servers:

        def make(copies):
            keys = keys_of(keyspaces[copies])
            server = Server(ringsync.program, tmp_path, "--log-level", "debug")
            servers.enter_context(server)
            return Sync(ringsync, tmp_path, keys, destination_fingerprint), Update(server, keys)

        yield make


@pytest.fixture
def source_of(cluster_folder):
    """source_of(sync, rows): what it must bring, by the checksum of another reader."""

    def read(sync, rows=ROWS):
        source = nyc_loader.fingerprint(start_cluster(cluster_folder, *START), sync.keyspace)
        assert sum(table["rows"] for table in source.values()) == rows
        return source

    return read


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
    gone = time.time() + ON_ITS_WAY_S
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


def expect_told(told, nodes):
    errors = "\n".join(line for line in told.splitlines() if "error[" in line)
    assert re.search(r"table readings: (error\[\w+\]: )?token range \(", errors), told
    for node in nodes:
        assert f"{node['host']}:{node['port']}" in errors, told


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
    cluster, cluster_folder, syncs_of, source_of, measured, lost
):
    syncs = syncs_of(lost.copies)
    # The time by default is tried in the full size.
    keys = {} if ALL else {"retry_seconds": 10, "request_timeout_seconds": 10}
    with in_mid_scan(*syncs, **keys), lost.befalls(cluster, cluster_folder) as nodes:
        began_s = time.monotonic()
        ends = [sync.finish() for sync in syncs]
    first = [(sync.rows_sent(), sync.fingerprint()) for sync in syncs]
    for sync, ended in zip(syncs, ends, strict=True):
        assert ended.code == sync.UNREADABLE, ended.told + ended.log
        assert ended.at_s - began_s < END_S
        expect_told(ended.told, nodes)
    told = []
    for sync, (before, had), ended, again in zip(syncs, first, ends, run(*syncs), strict=True):
        assert again.code == sync.DONE, again.told + again.log
        assert sync.has_resumed()
        assert 0 < before < ROWS
        source = source_of(sync)
        # What was whole is read once more: these tables have no cursor.
        once_more = sum(table["rows"] for name, table in source.items() if had.get(name) == table)
        assert ROWS <= before + sync.rows_sent() <= ROWS + once_more + REPEATED_MAX
        assert sync.fingerprint() == source, sync.NAME
        told.append(
            f"{sync.NAME} ended in {ended.at_s - began_s:.0f} s with {before} of {ROWS} rows; the"
            f" next one sent {sync.rows_sent()}"
        )
    measured(f"{lost.name}, replication {lost.copies}: {'; '.join(told)}")


@pytest.fixture(scope="module")
def wide(cluster_folder):
    """Name of a keyspace without copies, of 40 MB: more than all buffers on the way hold."""
    name = f"faults_wide_{uuid.uuid4().hex[:8]}"
    session = cql_session.connect(start_cluster(cluster_folder, *START))
    try:
        session.execute(
            f"CREATE KEYSPACE {name} WITH replication ="
            " {'class': 'NetworkTopologyStrategy', 'dc1': 1}"
        )
        create_readings(session, name)
        load_readings(session, name, WIDE_PARTITIONS, WIDE_ROWS_EACH, padding=5000)
    finally:
        session.cluster.shutdown()
    return name


@pytest.mark.timeout(1800)
def test_clients_that_read_no_more_or_vanish_while_a_node_is_gone_are_bounded_in_time_and_memory(
    cluster, cluster_folder, server, keys_of, wide, source_of, measured, tmp_path
):
    # Less than the node is gone, and clients wait.
    keys = {**keys_of(wide), "page_size": 40, "retry_seconds": 5, "request_timeout_seconds": 5}
    run(Update(server, keys))  # what stays is there
    before = server.usage()

    def ended_by_clients():
        return sum("ended by the client" in message for message in server.messages("INFO"))

    with contextlib.ExitStack() as running:
        line = running.enter_context(
            toxiproxy.running({"host": "127.0.0.1", "port": server.port}, tmp_path / "line.log")
        )
        reads_on, waits, vanishes = (Update(server, keys) for _ in range(3))
        silent = Update(server, keys, line.port)
        clients = [reads_on, waits, vanishes, silent] if ALL else [reads_on, waits, vanishes]
        paused_s = time.monotonic()
        for client in clients:
            client.pause()
        running.enter_context(in_mid_scan(*clients))
        with LOST[0].befalls(cluster, cluster_folder) as nodes:
            began_s = time.monotonic()
            vanishes.end()
            until(lambda: ended_by_clients() == 1, "the call of a client that is gone has ended")
            gone_s = time.monotonic() - began_s
            reads_on.go_on()
            told = reads_on.finish()
            failed_s = told.at_s - began_s
            if ALL:
                time.sleep(max(0, paused_s + READS_NOTHING_S - time.monotonic()))
                for direction in ("downstream", "upstream"):
                    line.add("timeout", direction, timeout=0)
                silent_s = time.monotonic()
                until(lambda: ended_by_clients() == 2, "that of a silent one too", SILENT_END_S)
                silent_s = time.monotonic() - silent_s
            assert waits.is_running(), "it has all the time that it takes"
        assert told.code == reads_on.UNREADABLE, told.told + told.log
        assert failed_s < END_S
        expect_told(told.told, nodes)
        first = reads_on.rows_sent()
        assert 0 < first < WIDE_ROWS
        waits.go_on()
        done = waits.finish()
        assert done.code == waits.DONE, done.told + done.log
        assert waits.fingerprint() == source_of(waits, WIDE_ROWS)
    [again] = run(reads_on)
    assert again.code == reads_on.DONE, again.told + again.log
    assert reads_on.has_resumed() and reads_on.rows_sent() < WIDE_ROWS
    assert reads_on.fingerprint() == source_of(reads_on, WIDE_ROWS)
    until(lambda: server.usage().threads <= before.threads, "the calls' threads have ended")
    until(lambda: server.usage().descriptors <= before.descriptors, "connections are closed")
    peak_kib = server.usage().peak_kib
    assert peak_kib <= PEAK_KIB_MAX
    measured(
        f"one killed: the call of a client that vanished ended after {gone_s:.2f} s"
        + (f", of one that fell silent after {silent_s:.0f} s" if ALL else "")
        + f"; of one that read on, after {failed_s:.0f} s with {first} of {WIDE_ROWS} rows, the"
        f" next one sent {reads_on.rows_sent()}; one that read on when the node was back got all;"
        f" VmHWM {peak_kib / 1024:.1f} MiB"
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
    cluster, cluster_folder, syncs_of, source_of, measured, fault
):
    of_three, of_one = syncs_of(3), syncs_of(1)
    syncs = of_three + of_one
    slowly = SLOWER if fault in (restarted_one_after_the_other, one_added) else SLOWLY
    is_pause = fault is paused_and_continued
    patience = PATIENT if fault is all_gone_for_a_minute else {}
    with (
        in_mid_scan(*of_one, **slowly, **PATIENT),
        in_mid_scan(*of_three, **({} if is_pause else slowly), **patience),
    ):
        assert all(sync.is_running() for sync in syncs)
        began = time.time()
        silence = fault(cluster, cluster_folder)
        took_s = time.time() - began
        outlasted = [sync.is_running() for sync in of_three]
        over = time.time()
        ends = [sync.finish() for sync in syncs]
    told = []
    for sync, ended in zip(syncs, ends, strict=True):
        assert ended.code == sync.DONE, ended.told + ended.log
        assert ROWS <= sync.rows_sent() <= ROWS + REPEATED_MAX
        assert sync.fingerprint() == source_of(sync), sync.NAME
        if silence:
            assert sync.come_since(silence[0]) == sync.come_since(silence[1]), sync.NAME
        told.append(
            f"{sync.NAME} with replication {3 if sync in of_three else 1}: {sync.come_since(began)}"
            f" {sync.UNIT} since it began, {sync.come_since(over)} behind it"
        )
    for sync in of_one if is_pause or not ALL else syncs:
        assert sync.come_since(over) > 0, "it must have read on behind the fault"
    if is_pause:
        assert outlasted == [False, False], "two replicas of three are enough"
    elif ALL:
        assert outlasted == [True, True]
    measured(f"{fault.__name__.replace('_', ' ')}: {took_s:.0f} s; {'; '.join(told)}")
