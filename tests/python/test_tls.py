"""TLS by rustls: the same options as the program's, against a Cassandra that asks for client
certificates."""

import json
import socket
import ssl
import subprocess
import threading

import pyarrow
import pytest
import ringsync
from integration_files import load

program = load("test_tls_of_the_program", "test_tls.py")
node, tls_config, misnamed = program.node, program.tls_config, program.misnamed

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def of(tls_config):
    """of(tls_verify="ca", …): a configuration as a dict."""

    def make(**overrides) -> dict:
        return json.loads(tls_config(**overrides).read_text())

    return make


@pytest.mark.parametrize("verify", ["ca", "full", "none"])
def test_every_row_comes_over_tls(of, verify):
    scanned = ringsync.scan(of(tls_verify=verify), "orders")
    assert pyarrow.RecordBatchReader.from_stream(scanned).read_all().num_rows == 50


@pytest.mark.parametrize("verify", ["ca", "full"])
def test_a_certificate_that_another_authority_signed_is_refused(of, node, verify):
    with pytest.raises(ringsync.SourceError) as raised:
        ringsync.schema(of(tls_verify=verify, tls_ca_file=node["tls"]["stranger"]))
    assert raised.value.code == "tls"
    assert node["password"] not in str(raised.value).replace(f"as {node['username']}", "")
    assert ringsync.schema(of(tls_verify="none", tls_ca_file=node["tls"]["stranger"]))


def test_a_client_without_its_certificate_is_not_let_in(of):
    with pytest.raises(ringsync.SourceError) as raised:
        ringsync.schema(of(tls_cert_file=None, tls_key_file=None))
    assert raised.value.code in ("tls", "connect")


def test_a_file_that_is_no_certificate_is_named(of, tmp_path):
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(ringsync.SourceError, match="cannot read CA certificates") as raised:
        ringsync.schema(of(tls_ca_file=str(tmp_path / "ca.pem")))
    assert raised.value.code == "tls"


def code_of(configuration: dict) -> str:
    with pytest.raises(ringsync.SourceError) as raised:
        ringsync.schema(configuration)
    return raised.value.code


def test_full_verification_refuses_a_certificate_for_another_address(of, misnamed):
    there = {"port": str(misnamed), "connect_timeout_seconds": "3"}
    assert code_of(of(tls_verify="full", **there)) == "tls"
    # A trusted chain is all that `ca` asks for: it fails later, since no Cassandra answers there.
    assert code_of(of(tls_verify="ca", **there)) != "tls"


@pytest.fixture
def self_signed(tmp_path):
    """The port of a server whose certificate is its own authority, and that certificate."""
    certificate, key = tmp_path / "own.pem", tmp_path / "own.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=node", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as server:
        shake = threading.Thread(target=program._shake_hands, args=(server, context), daemon=True)
        shake.start()
        yield server.getsockname()[1], certificate
        server.shutdown(socket.SHUT_RDWR)


def test_a_node_whose_own_certificate_is_trusted_is_taken_by_ca_alone(of, node, self_signed):
    port, certificate = self_signed
    there = {"port": str(port), "connect_timeout_seconds": "3"}
    assert code_of(of(tls_verify="ca", tls_ca_file=str(certificate), **there)) != "tls"
    assert code_of(of(tls_verify="full", tls_ca_file=str(certificate), **there)) == "tls"
    assert code_of(of(tls_verify="ca", **there)) == "tls"
