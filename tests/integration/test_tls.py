"""TLS: the program and a real Cassandra that lets in only clients who show a certificate."""

import base64
import contextlib
import json
import pathlib
import socket
import ssl
import subprocess
import threading

import cql_session
import duckdb
import planted
import pytest
from fivetran_client import Client, Server
from nodes import planted_login, tool

USAGE, SOURCE = 2, 3


def make_certificate(folder, node, name, *, extension, days=2):
    """A key and a certificate of the node's authority in the folder; one of -1 days has expired."""
    authority = node["tls"]["ca"]
    (folder / f"{name}.ext").write_text(extension + "\n")
    for command in (
        ["req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key",
         "-out", f"{name}.csr"],
        ["x509", "-req", "-in", f"{name}.csr", "-CA", authority, "-CAkey",
         authority.replace("ca.pem", "ca.key"), "-CAcreateserial", "-days", str(days), "-extfile",
         f"{name}.ext", "-out", f"{name}.pem"],
    ):  # fmt: skip
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)
    planted.WATCH.plant_key(folder / f"{name}.key", f"the key of {name}")
    return folder / f"{name}.pem", folder / f"{name}.key"


@contextlib.contextmanager
def node_that_shows(certificate, folder):
    """A node of its own that speaks TLS only, with the keyspace `shop`. `certificate`: as in
    certificates.SHOWN."""
    try:
        described = json.loads(
            tool("cassandra.py", "start", "--dir", folder, "--light", "--heap", "768m", "--tls",
                 certificate)
        )  # fmt: skip
        session = cql_session.connect(described)
        session.execute(
            "CREATE KEYSPACE shop WITH replication ="
            f" {{'class': 'NetworkTopologyStrategy', '{described['datacenter']}': 1}}"
        )
        session.execute("CREATE TABLE shop.orders (id int PRIMARY KEY, note text)")
        for row in range(50):
            session.execute("INSERT INTO shop.orders (id, note) VALUES (%s, 'a')", [row])
        session.cluster.shutdown()
        key = described["tls"]["key"]
        for name in (key, described["tls"]["stranger"].replace(".pem", ".key")):
            planted.WATCH.plant_key(pathlib.Path(name), f"the key {pathlib.Path(name).name}")
        with planted_login(described) as planted_node:
            yield planted_node
    finally:
        tool("cassandra.py", "stop", "--dir", folder)


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    with node_that_shows("right", tmp_path_factory.mktemp("tls")) as started:
        yield started


@pytest.fixture
def misnamed(tmp_path_factory):
    """A node whose certificate, of an authority that is trusted, is for another address."""
    with node_that_shows("misnamed", tmp_path_factory.mktemp("tls")) as started:
        yield started


@pytest.fixture
def expired(tmp_path_factory):
    """A node whose certificate was right until yesterday."""
    with node_that_shows("expired", tmp_path_factory.mktemp("tls")) as started:
        yield started


@pytest.fixture
def tls_config(node, tmp_path):
    """tls_config(tls_verify="full", tls_ca_file=None): a configuration, without what is None; of
    another node: tls_config(of=misnamed)."""

    def write(of=node, **overrides):
        values = {
            "host_1": of["host"],
            "port": str(of["port"]),
            "username": of["username"],
            "password": of["password"],
            "data_center_region": of["datacenter"],
            "keyspace": "shop",
            "tls": "true",
            "tls_ca_file": of["tls"]["ca"],
            "tls_cert_file": of["tls"]["certificate"],
            "tls_key_file": of["tls"]["key"],
            "connect_timeout_seconds": "10",
            **overrides,
        }
        path = tmp_path / "configuration.json"
        path.write_text(json.dumps({key: value for key, value in values.items() if value}))
        return path

    return write


def names_the_cause(message, *causes):
    """True where the message has one of the causes, in the words of OpenSSL's versions."""
    return any(cause in message for cause in causes)


def check(ringsync, configuration):
    return ringsync.run("check", "--configuration", configuration)


@pytest.mark.sanitized
@pytest.mark.timeout(180)
@pytest.mark.parametrize("verify", ["ca", "full", "none"])
def test_a_sync_over_tls_brings_every_row(ringsync, tls_config, tmp_path, verify):
    expect_every_row(ringsync, tls_config(tls_verify=verify), tmp_path)


def expect_every_row(ringsync, configuration, tmp_path):
    done = ringsync.run("sync", "--configuration", configuration, "--to", "duckdb:w.db")
    assert done.returncode == 0, done.stderr
    with duckdb.connect(str(tmp_path / "w.db"), read_only=True) as connection:
        count = connection.execute("SELECT count(*) FROM shop.orders").fetchone()
    assert count == (50,)


@pytest.mark.sanitized
@pytest.mark.timeout(60)
@pytest.mark.parametrize("verify", ["ca", "full"])
def test_a_node_whose_certificate_another_authority_signed_is_refused(
    ringsync, tls_config, node, verify
):
    configuration = tls_config(tls_verify=verify, tls_ca_file=node["tls"]["stranger"])
    done = check(ringsync, configuration)
    assert done.returncode == SOURCE
    assert "error[tls]" in done.stderr
    assert names_the_cause(done.stderr, "self-signed certificate", "local issuer"), done.stderr
    assert node["password"] not in done.stderr
    # Without verification any certificate will do.
    trusting = tls_config(tls_verify="none", tls_ca_file=node["tls"]["stranger"])
    assert check(ringsync, trusting).returncode == 0


@pytest.mark.sanitized
@pytest.mark.timeout(60)
def test_a_client_without_its_certificate_is_not_let_in(ringsync, tls_config):
    done = check(ringsync, tls_config(tls_cert_file=None, tls_key_file=None))
    assert done.returncode == SOURCE
    assert "error[tls]" in done.stderr
    assert "certificate required" in done.stderr and "the client's" in done.stderr, done.stderr


@pytest.mark.sanitized
@pytest.mark.timeout(60)
def test_a_client_whose_certificate_has_expired_is_not_let_in(ringsync, tls_config, node, tmp_path):
    certificate, key = make_certificate(
        tmp_path, node, "late", extension="extendedKeyUsage=clientAuth", days=-1
    )
    done = check(ringsync, tls_config(tls_cert_file=str(certificate), tls_key_file=str(key)))
    assert done.returncode == SOURCE
    assert "error[tls]" in done.stderr and "certificate expired" in done.stderr, done.stderr


@pytest.mark.sanitized
@pytest.mark.timeout(60)
def test_a_client_whose_certificate_a_stranger_signed_is_not_let_in(ringsync, tls_config, node):
    stranger = node["tls"]["stranger"]
    done = check(
        ringsync,
        tls_config(tls_cert_file=stranger, tls_key_file=stranger.replace(".pem", ".key")),
    )
    assert done.returncode == SOURCE
    assert "error[tls]" in done.stderr, done.stderr
    assert "client's certificate whose authority it does not trust" in done.stderr, done.stderr


@pytest.mark.sanitized
@pytest.mark.timeout(60)
def test_a_refusal_that_was_lost_is_heard_where_nothing_is_sent(
    ringsync, tls_config, losing_refusals
):
    done = check(
        ringsync, tls_config(port=str(losing_refusals), tls_cert_file=None, tls_key_file=None)
    )
    assert done.returncode == SOURCE
    assert "error[tls]" in done.stderr and "certificate required" in done.stderr, done.stderr


@pytest.mark.timeout(300)
def test_a_node_whose_certificate_has_expired_is_refused(ringsync, tls_config, expired):
    for verify in ("ca", "full"):
        done = check(ringsync, tls_config(of=expired, tls_verify=verify))
        assert done.returncode == SOURCE
        assert "error[tls]" in done.stderr and "certificate has expired" in done.stderr, done.stderr
    # It is the date alone: the same node is taken where nothing is verified.
    assert check(ringsync, tls_config(of=expired, tls_verify="none")).returncode == 0


@pytest.mark.sanitized
@pytest.mark.timeout(60)
def test_a_client_that_speaks_no_tls_is_told_that_there_is_no_answer(ringsync, tls_config):
    without = {"tls_ca_file": None, "tls_cert_file": None, "tls_key_file": None}
    done = check(ringsync, tls_config(tls="false", connect_timeout_seconds="3", **without))
    assert done.returncode == SOURCE
    assert "error[connect]" in done.stderr


@pytest.mark.sanitized
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


@contextlib.contextmanager
def serving(context, serve):
    """The port of a server that shakes hands with all who come; `serve` gets each connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        accepting = (server, _shaking_hands(context, serve))
        threading.Thread(target=_accept_all, args=accepting, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def losing_refusals(node, tmp_path):
    """The port of a server that asks for a client's certificate, and whose refusal is lost to a
    client that sends something behind the handshake, as the network may lose it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(
        *make_certificate(tmp_path, node, "refusing", extension="subjectAltName=IP:127.0.0.1")
    )
    context.load_verify_locations(node["tls"]["ca"])
    context.verify_mode = ssl.CERT_REQUIRED
    sent_behind = []  # bytes; the driver, which sends requests, comes first

    def refuse(connection):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        secure = context.wrap_bio(incoming, outgoing, server_side=True)
        connection.settimeout(0.5)
        with connection, contextlib.suppress(OSError):
            while not is_refused(secure):
                connection.sendall(outgoing.read())
                incoming.write(connection.recv(65536))
            behind = len(incoming.read())
            with contextlib.suppress(TimeoutError):
                while more := connection.recv(65536):
                    behind += len(more)
            sent_behind.append(behind)
            if behind < sent_behind[0]:
                connection.sendall(outgoing.read())

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept_all, args=(server, refuse), daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def is_refused(secure):
    """Goes on with the handshake; False where more must come first."""
    try:
        secure.do_handshake()
    except ssl.SSLWantReadError:
        return False
    except ssl.SSLError:
        return True
    raise AssertionError("the client has been let in")


def _accept_all(server, serve):
    """Until the server is shut down; `serve` gets each connection."""
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        serve(connection)


def _shaking_hands(context, serve):
    def shake(connection):
        try:
            secure = context.wrap_socket(connection, server_side=True)
        except OSError:
            connection.close()
        else:
            serve(secure)

    return shake


@pytest.mark.sanitized
@pytest.mark.timeout(300)
def test_full_verification_refuses_a_certificate_for_another_address(
    ringsync, tls_config, misnamed, tmp_path
):
    full = check(ringsync, tls_config(of=misnamed, tls_verify="full"))
    assert full.returncode == SOURCE
    assert "error[tls]" in full.stderr and "IP address mismatch" in full.stderr, full.stderr
    # It is the address alone: a trusted chain is all that `ca` asks for, of the same node.
    expect_every_row(ringsync, tls_config(of=misnamed, tls_verify="ca"), tmp_path)


@pytest.mark.sanitized
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
