"""TLS: the program and a real Cassandra that lets in only clients who show a certificate."""

import base64
import json
import pathlib
import socket
import ssl
import subprocess
import sys
import threading

import cql_session
import duckdb
import pytest
from conftest import REPOSITORY
from fivetran_client import Client, Server

USAGE, SOURCE = 2, 3
TOOL = [sys.executable, str(REPOSITORY / "tools" / "cassandra" / "cassandra.py")]


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """A node of its own that speaks TLS only, with the keyspace `shop`."""
    folder = tmp_path_factory.mktemp("tls")
    started = subprocess.run(
        [*TOOL, "start", "--dir", folder, "--light", "--heap", "768m", "--tls"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    try:
        assert started.returncode == 0, started.stderr
        described = json.loads(started.stdout)
        session = cql_session.connect(described)
        session.execute(
            "CREATE KEYSPACE shop WITH replication ="
            f" {{'class': 'NetworkTopologyStrategy', '{described['datacenter']}': 1}}"
        )
        session.execute("CREATE TABLE shop.orders (id int PRIMARY KEY, note text)")
        for row in range(50):
            session.execute("INSERT INTO shop.orders (id, note) VALUES (%s, 'a')", [row])
        session.cluster.shutdown()
        yield described
    finally:
        subprocess.run([*TOOL, "stop", "--dir", folder], check=True, capture_output=True)


@pytest.fixture
def tls_config(node, tmp_path):
    """tls_config(tls_verify="full", tls_ca_file=None): a configuration, without what is None."""

    def write(**overrides):
        values = {
            "host_1": node["host"],
            "port": str(node["port"]),
            "username": node["username"],
            "password": node["password"],
            "data_center_region": node["datacenter"],
            "keyspace": "shop",
            "tls": "true",
            "tls_ca_file": node["tls"]["ca"],
            "tls_cert_file": node["tls"]["certificate"],
            "tls_key_file": node["tls"]["key"],
            "connect_timeout_seconds": "10",
            **overrides,
        }
        path = tmp_path / "configuration.json"
        path.write_text(json.dumps({key: value for key, value in values.items() if value}))
        return path

    return write


def check(ringsync, configuration):
    return ringsync.run("check", "--configuration", configuration)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("verify", ["ca", "full", "none"])
def test_a_sync_over_tls_brings_every_row(ringsync, tls_config, tmp_path, verify):
    configuration = tls_config(tls_verify=verify)
    done = ringsync.run("sync", "--configuration", configuration, "--to", "duckdb:w.db")
    assert done.returncode == 0, done.stderr
    with duckdb.connect(str(tmp_path / "w.db"), read_only=True) as connection:
        count = connection.execute("SELECT count(*) FROM shop.orders").fetchone()
    assert count == (50,)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("verify", ["ca", "full"])
def test_a_node_whose_certificate_another_authority_signed_is_refused(
    ringsync, tls_config, node, verify
):
    configuration = tls_config(tls_verify=verify, tls_ca_file=node["tls"]["stranger"])
    done = check(ringsync, configuration)
    assert done.returncode == SOURCE
    assert "error[tls]" in done.stderr
    assert node["password"] not in done.stderr.replace(f"as {node['username']}", "")
    # Without verification any certificate will do.
    trusting = tls_config(tls_verify="none", tls_ca_file=node["tls"]["stranger"])
    assert check(ringsync, trusting).returncode == 0


@pytest.mark.timeout(60)
def test_a_client_without_its_certificate_is_not_let_in(ringsync, tls_config):
    done = check(ringsync, tls_config(tls_cert_file=None, tls_key_file=None))
    assert done.returncode == SOURCE
    assert "error[tls]" in done.stderr or "error[connect]" in done.stderr


@pytest.mark.timeout(60)
def test_a_client_that_speaks_no_tls_is_told_that_there_is_no_answer(ringsync, tls_config):
    without = {"tls_ca_file": None, "tls_cert_file": None, "tls_key_file": None}
    done = check(ringsync, tls_config(tls="false", connect_timeout_seconds="3", **without))
    assert done.returncode == SOURCE
    assert "error[connect]" in done.stderr


@pytest.mark.timeout(60)
def test_a_file_that_is_no_certificate_is_named(ringsync, tls_config, tmp_path):
    (tmp_path / "ca.pem").write_text("nothing")
    done = check(ringsync, tls_config(tls_ca_file=str(tmp_path / "ca.pem")))
    assert done.returncode == SOURCE
    assert "error[tls]" in done.stderr
    assert "ca.pem" in done.stderr
    gone = check(ringsync, tls_config(tls_ca_file=str(tmp_path / "gone.pem")))
    assert gone.returncode == USAGE
    assert "tls_ca_file" in gone.stderr


@pytest.fixture
def misnamed(node, tmp_path):
    """The port of a server whose certificate the right authority signed, for another address."""
    folder = tmp_path / "misnamed"
    folder.mkdir()
    authority = node["tls"]["ca"]
    (folder / "ext").write_text("subjectAltName=IP:192.0.2.7\n")
    for command in (
        ["req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other", "-keyout", "key.pem",
         "-out", "csr.pem"],
        ["x509", "-req", "-in", "csr.pem", "-CA", authority, "-CAkey",
         authority.replace("ca.pem", "ca.key"), "-CAcreateserial", "-extfile", "ext",
         "-out", "cert.pem"],
    ):  # fmt: skip
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_shake_hands, args=(server, context), daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def _shake_hands(server, context):
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        try:
            context.wrap_socket(connection, server_side=True).close()
        except OSError:
            connection.close()


@pytest.mark.timeout(60)
def test_full_verification_refuses_a_certificate_for_another_address(
    ringsync, tls_config, misnamed
):
    configured = {"port": str(misnamed), "connect_timeout_seconds": "3"}
    full = check(ringsync, tls_config(tls_verify="full", **configured))
    assert full.returncode == SOURCE
    assert "error[tls]" in full.stderr
    # A trusted chain is all that `ca` asks for: it fails later, since no Cassandra answers there.
    by_chain = check(ringsync, tls_config(tls_verify="ca", **configured))
    assert by_chain.returncode == SOURCE
    assert "error[tls]" not in by_chain.stderr


@pytest.mark.timeout(120)
def test_certificates_and_key_may_come_inside_a_request(ringsync, tls_config, node):
    """As Fivetran sends them: base64 in the configuration; nothing of them is left anywhere."""
    configuration = json.loads(tls_config().read_text())
    for key in ("tls_ca_file", "tls_cert_file", "tls_key_file"):
        content = pathlib.Path(configuration[key]).read_bytes()
        configuration[key] = base64.b64encode(content).decode()
    secret = configuration["tls_key_file"]
    with Server(ringsync.program, ringsync.folder) as server, Client(server.port) as client:
        for test in client.form().tests:
            answer = client.test(test.name, configuration)
            assert answer.success, answer.failure
        assert [table.name for table in client.schema(configuration).without_schema.tables] == [
            "orders"
        ]
        refused = client.test("connect", {**configuration, "tls_key_file": node["tls"]["key"]})
        assert "tls_key_file: the file is not base64" in refused.failure
        assert node["tls"]["key"] not in refused.failure
        cut = client.test(
            "connect", {**configuration, "tls_key_file": secret[: len(secret) // 8 * 4]}
        )
        assert "tls" in cut.failure and secret not in cut.failure
        assert server.stop() == 0
    assert secret not in "\n".join(server.log_lines)
