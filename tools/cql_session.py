"""Connects the Python driver to a node described by cassandra.py's JSON."""

import json
import pathlib
import ssl
import time
from collections.abc import Iterable, Sequence

from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, NoHostAvailable
from cassandra.cluster import Session as DriverSession
from cassandra.concurrent import execute_concurrent_with_args
from cassandra.connection import ConnectionBusy
from cassandra.policies import DCAwareRoundRobinPolicy, TokenAwarePolicy
from cassandra.query import PreparedStatement, tuple_factory

Session = DriverSession


def read_node(path: pathlib.Path) -> dict:
    """The node's description: host, port, username, password, datacenter."""
    return json.loads(path.read_text())


def connect(node: dict, timeout_s: float = 60) -> Session:
    """A session whose rows are plain tuples; retried, since a new node refuses log-ins at first.

    End it with `session.cluster.shutdown()`.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        cluster = _cluster(node)
        try:
            return cluster.connect()
        except NoHostAvailable:
            cluster.shutdown()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def insert_large(session: Session, statement: PreparedStatement, rows: Iterable[Sequence]) -> None:
    """Executes the statement with each of the rows, few at once; the first failure is raised. What
    a full socket did not take is sent again: the driver calls its connection busy then."""
    left = list(rows)
    deadline = time.monotonic() + 120
    while left:
        results = execute_concurrent_with_args(
            session, statement, left, concurrency=4, raise_on_first_error=False
        )
        failed = [
            (row, result.result_or_exc)
            for row, result in zip(left, results, strict=True)
            if not result.success
        ]
        for _, failure in failed:
            if not _is_busy(failure) or time.monotonic() > deadline:
                raise failure
        left = [row for row, _ in failed]
        if left:
            time.sleep(0.1)


def _is_busy(failure: Exception) -> bool:
    return isinstance(failure, NoHostAvailable) and all(
        isinstance(each, ConnectionBusy) for each in failure.errors.values()
    )


def _cluster(node: dict) -> Cluster:
    policy = TokenAwarePolicy(DCAwareRoundRobinPolicy(local_dc=node["datacenter"]))
    profile = ExecutionProfile(
        load_balancing_policy=policy, row_factory=tuple_factory, request_timeout=60
    )
    return Cluster(
        contact_points=[node["host"]],
        port=node["port"],
        auth_provider=PlainTextAuthProvider(node["username"], node["password"]),
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        protocol_version=4,
        connect_timeout=10,
        control_connection_timeout=20,
        max_schema_agreement_wait=60,  # nodes of a busy machine take their time; writes would fail
        ssl_context=_tls(node),
    )


def _tls(node: dict) -> ssl.SSLContext | None:
    """Takes what the node shows: it is our own, and some show a wrong certificate on purpose."""
    if "tls" not in node:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(node["tls"]["certificate"], node["tls"]["key"])
    return context


def quoted(name: str) -> str:
    """The name as a CQL identifier."""
    return '"' + name.replace('"', '""') + '"'
