"""Three nodes in two data centres: who is asked for which page, and what a dead node changes.

The nodes are of cluster.py: 127.0.1.1 and 127.0.1.2 in dc1, 127.0.1.3 in dc2. RINGSYNC_TEST_CLUSTER
names the JSON of a running one to use instead (its nodes may be stopped by the tests). With
RINGSYNC_TEST_ROUTING=all there is a cluster of each version, else of the first.
"""

import bisect
import json
import os
import re
import signal
import time
import uuid

import cql_session
import pytest
from cassandra import InvalidRequest
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.metadata import Murmur3Token
from cassandra.policies import WhiteListRoundRobinPolicy
from cassandra.query import tuple_factory
from conftest import VERSIONS
from nodes import cluster_home, create_readings, load_readings, start_cluster, tool
from sockets import connected_to

PARTITIONS, ROWS_EACH = 5000, 10
ROWS = PARTITIONS * ROWS_EACH
PAGE_ROWS = 50
TOKEN_MIN = -(2**63)
CLUSTER_VERSIONS = VERSIONS if os.environ.get("RINGSYNC_TEST_ROUTING") == "all" else VERSIONS[:1]


@pytest.fixture(
    scope="module",
    params=CLUSTER_VERSIONS,
    ids=[pytest.HIDDEN_PARAM, *CLUSTER_VERSIONS[1:]],
)
def version(request):
    return request.param


@pytest.fixture(scope="module")
def cluster_folder(version, tmp_path_factory):
    with cluster_home(tmp_path_factory, "RINGSYNC_TEST_CLUSTER") as folder:
        yield folder


@pytest.fixture
def cluster(cluster_folder, version):
    """The cluster, whole: what an earlier test stopped is started again."""
    return start_cluster(cluster_folder, "--version", version)


@pytest.fixture(scope="module")
def loaded(cluster_folder, version):
    """Name of a keyspace with one replica in each data centre, and a table of many pages in it."""
    node = start_cluster(cluster_folder, "--version", version)
    keyspace = f"routing_{uuid.uuid4().hex[:12]}"
    session = cql_session.connect(node)
    try:
        session.execute(
            f"CREATE KEYSPACE {keyspace} WITH replication ="
            " {'class': 'NetworkTopologyStrategy', 'dc1': 1, 'dc2': 1}"
        )
        create_readings(session, keyspace)
        load_readings(session, keyspace, PARTITIONS, ROWS_EACH)
    finally:
        session.cluster.shutdown()
    return keyspace


@pytest.fixture
def configuration(cluster, loaded, tmp_path):
    """configuration(**overrides): the path of a configuration for the cluster."""

    def write(**overrides):
        values = {
            "host_1": cluster["host"],
            "port": cluster["port"],
            "username": cluster["username"],
            "password": cluster["password"],
            "data_center_region": "dc1",
            "keyspace": loaded,
            "page_size": PAGE_ROWS,
            **overrides,
        }
        path = tmp_path / "configuration.json"
        path.write_text(json.dumps(values))
        return path

    return write


def query_on(cluster, node, statement, parameters):
    """The statement's rows, coordinated by this node and no other."""
    policy = WhiteListRoundRobinPolicy([node["host"]])
    profile = ExecutionProfile(
        load_balancing_policy=policy, row_factory=tuple_factory, request_timeout=60
    )
    connected = Cluster(
        [node["host"]], node["port"], protocol_version=4, control_connection_timeout=20,
        auth_provider=cql_session.PlainTextAuthProvider(cluster["username"], cluster["password"]),
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
    )  # fmt: skip
    try:
        return list(connected.connect().execute(statement, parameters))
    finally:
        connected.shutdown()


def scans_coordinated(cluster, keyspace):
    """How many range reads of the table each node has coordinated, by its own count; none where
    servers keep no such count (3.11)."""
    statement = (
        "SELECT count FROM system_views.coordinator_scan_latency"
        " WHERE keyspace_name = %s AND table_name = 'readings'"
    )
    try:
        found = [query_on(cluster, node, statement, [keyspace]) for node in cluster["nodes"]]
    except InvalidRequest:
        return None
    return [rows[0][0] if rows else 0 for rows in found]


class ReplicasByRing:
    """Who holds which tokens, as the Python driver's own token map sees it."""

    def __init__(self, cluster, keyspace):
        session = cql_session.connect(cluster)
        try:
            tokens = session.cluster.metadata.token_map
            tokens.rebuild_keyspace(keyspace, build_if_absent=True)
            self._ends = [token.value for token in tokens.ring]
            self._sets = [
                {host.address for host in tokens.get_replicas(keyspace, token)}
                for token in tokens.ring
            ]
            self._dc1 = {
                host.address
                for host in session.cluster.metadata.all_hosts()
                if host.datacenter == "dc1"
            }
            assert tokens.get_replicas(keyspace, Murmur3Token(self._ends[0])), "an empty token map"
        finally:
            session.cluster.shutdown()

    def of_range(self, start, end):
        """Nodes of dc1 that hold all of (start, end]; none where no node does."""
        first = bisect.bisect_left(self._ends, start + 1)
        last = bisect.bisect_left(self._ends, end)
        sets = [self._sets[at % len(self._ends)] for at in range(first, last + 1)]
        return set.intersection(*sets) & self._dc1


def read(ringsync, path, trace, *more, timeout_s=240):
    return ringsync.run(
        "sync", "--configuration", path, "--to", "null:", "--trace-pages", trace,
        "--progress", "none", *more, timeout_s=timeout_s,
    )  # fmt: skip


def pages_of(trace):
    pages = [json.loads(line) for line in trace.read_text().splitlines()]
    return [page for page in pages if "error" not in page]


def address(page):
    return page["coordinator"].rpartition(":")[0]


def share_served_by_replicas(pages, replicas):
    served = [address(page) in replicas.of_range(page["start"], page["end"]) for page in pages]
    return sum(served) / len(served)


@pytest.mark.timeout(600)
def test_pages_are_asked_of_replicas_of_their_split_in_the_named_data_centre_only(
    ringsync, cluster, version, loaded, configuration, measured, tmp_path
):
    before = scans_coordinated(cluster, loaded)
    assert (before is None) == (version == "3.11")
    done = read(ringsync, configuration(), tmp_path / "pages.jsonl")
    assert done.returncode == 0, done.stderr
    pages = pages_of(tmp_path / "pages.jsonl")
    assert sum(page["rows"] for page in pages if "probe" not in page) == ROWS
    assert len(pages) >= 500

    # By the program's own trace, and by the servers' own counts.
    assert {address(page) for page in pages} == {"127.0.1.1", "127.0.1.2"}
    if before is not None:
        after = scans_coordinated(cluster, loaded)
        counts = [count - earlier for count, earlier in zip(after, before)]
        assert counts[2] == 0
        assert counts[0] + counts[1] == len(pages)

    share = share_served_by_replicas(pages, ReplicasByRing(cluster, loaded))
    measured(f"{len(pages)} pages, {share:.2%} served by a replica of their split")
    assert share >= 0.99


@pytest.mark.timeout(600)
def test_without_routing_by_token_replicas_serve_pages_by_chance_only(
    ringsync, cluster, loaded, configuration, measured, tmp_path
):
    done = read(ringsync, configuration(), tmp_path / "pages.jsonl", "--routing", "any")
    assert done.returncode == 0, done.stderr
    pages = pages_of(tmp_path / "pages.jsonl")
    assert len(pages) >= 500
    assert {address(page) for page in pages} == {"127.0.1.1", "127.0.1.2"}
    share = share_served_by_replicas(pages, ReplicasByRing(cluster, loaded))
    measured(f"{len(pages)} pages, {share:.2%} served by a replica of their split")
    assert share < 0.70


@pytest.mark.timeout(300)
def test_no_connection_is_made_to_another_data_centre(ringsync, cluster, configuration, tmp_path):
    trace = tmp_path / "pages.jsonl"
    process = ringsync.start(
        "sync", "--configuration", configuration(page_size=5, max_in_flight=1), "--to", "null:",
        "--trace-pages", trace, "--progress", "none",
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not trace.exists() or trace.stat().st_size == 0:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        addresses = connected_to(process.pid)
        assert process.poll() is None, "the sync ended before its connections were looked at"
    finally:
        process.kill()
        process.communicate(timeout=30)
    assert addresses == {"127.0.1.1", "127.0.1.2"}


@pytest.mark.timeout(300)
def test_the_other_data_centre_is_read_where_it_is_the_one_named(ringsync, configuration, tmp_path):
    # The host is of dc1: it serves to find the others only.
    done = read(ringsync, configuration(data_center_region="dc2"), tmp_path / "pages.jsonl")
    assert done.returncode == 0, done.stderr
    assert {address(page) for page in pages_of(tmp_path / "pages.jsonl")} == {"127.0.1.3"}


@pytest.mark.timeout(120)
def test_an_unknown_data_centre_is_told_with_those_there_are(ringsync, configuration):
    done = ringsync.run("check", "--configuration", configuration(data_center_region="dc_3"))
    assert done.returncode == 2
    assert "error[config]" in done.stderr
    assert "dc_3" in done.stderr
    assert "dc1, dc2" in done.stderr


@pytest.mark.timeout(300)
def test_a_first_host_that_is_dead_leaves_the_second(ringsync, configuration, tmp_path):
    # Nobody listens on 127.0.1.9.
    path = configuration(host_1="127.0.1.9", host_2="127.0.1.2", page_size=5000)
    done = read(ringsync, path, tmp_path / "pages.jsonl")
    assert done.returncode == 0, done.stderr


@pytest.mark.timeout(600)
def test_a_dead_node_of_another_data_centre_changes_nothing(
    ringsync, cluster, loaded, configuration, tmp_path
):
    replicas = ReplicasByRing(cluster, loaded)
    tool("cassandra.py", "stop", "--dir", cluster["nodes"][2]["directory"])
    done = read(ringsync, configuration(), tmp_path / "pages.jsonl")
    assert done.returncode == 0, done.stderr
    assert "error" not in (tmp_path / "pages.jsonl").read_text()
    assert share_served_by_replicas(pages_of(tmp_path / "pages.jsonl"), replicas) >= 0.99


@pytest.mark.timeout(600)
def test_ranges_whose_only_replica_is_dead_are_told_in_bounded_time(
    ringsync, cluster, loaded, configuration, tmp_path
):
    replicas = ReplicasByRing(cluster, loaded)
    # Not the node that the table's probe is asked of, so that scans begin.
    (alive,) = replicas.of_range(TOKEN_MIN, TOKEN_MIN + 1)
    (victim,) = [node for node in cluster["nodes"][:2] if node["host"] != alive]
    os.kill(victim["pid"], signal.SIGKILL)
    began = time.monotonic()
    path = configuration(host_1=alive, retry_seconds=5)
    done = read(ringsync, path, tmp_path / "pages.jsonl")
    # A coordinator waits for the dead node until gossip has told of its end.
    assert time.monotonic() - began < 120
    assert done.returncode == 3
    assert "table readings" in done.stderr and "token range (" in done.stderr
    lines = [json.loads(line) for line in (tmp_path / "pages.jsonl").read_text().splitlines()]
    failed = [line for line in lines if "error" in line]
    assert failed
    for line in failed:
        assert alive not in replicas.of_range(line["start"], line["end"])
    # Ranges that touch are told as one.
    starts, ends = {line["start"] for line in failed}, {line["end"] for line in failed}
    told = re.findall(r"\((-?\d+), (-?\d+)\]", done.stderr)
    assert told
    for start, end in told:
        assert int(start) in starts and int(end) in ends, (start, end)
    assert f"{victim['host']}:{victim['port']}" in done.stderr
