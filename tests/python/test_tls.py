"""TLS by rustls: the same options as the program's, against a Cassandra that asks for client
certificates."""

import json
import ssl
import subprocess

import planted
import pyarrow
import pytest
import ringsync
from integration_files import load

program = load("test_tls_of_the_program", "test_tls.py")
node, tls_config = program.node, program.tls_config
misnamed, expired = program.misnamed, program.expired
losing_refusals = program.losing_refusals

pytestmark = pytest.mark.timeout(300)


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
    assert "UnknownIssuer" in str(raised.value)
    assert node["password"] not in str(raised.value)
    assert ringsync.schema(of(tls_verify="none", tls_ca_file=node["tls"]["stranger"]))


def test_a_client_without_its_certificate_is_not_let_in(of):
    with pytest.raises(ringsync.SourceError) as raised:
        ringsync.schema(of(tls_cert_file=None, tls_key_file=None))
    assert raised.value.code == "tls"
    assert "CertificateRequired" in str(raised.value)


def test_a_client_whose_certificate_has_expired_is_not_let_in(of, node, tmp_path):
    certificate, key = program.make_certificate(
        tmp_path, node, "late", extension="extendedKeyUsage=clientAuth", days=-1
    )
    with pytest.raises(ringsync.SourceError) as raised:
        ringsync.schema(of(tls_cert_file=str(certificate), tls_key_file=str(key)))
    assert raised.value.code == "tls"
    assert "CertificateExpired" in str(raised.value)


def test_a_refusal_that_was_lost_is_heard_where_nothing_is_sent(of, losing_refusals):
    refused = refusal(of(port=str(losing_refusals), tls_cert_file=None, tls_key_file=None))
    assert refused.code == "tls" and "CertificateRequired" in str(refused)


def test_a_node_whose_certificate_has_expired_is_refused(of, expired):
    for verify in ("ca", "full"):
        with pytest.raises(ringsync.SourceError) as raised:
            ringsync.schema(of(of=expired, tls_verify=verify))
        assert raised.value.code == "tls"
        assert "expired" in str(raised.value).lower()
    assert ringsync.schema(of(of=expired, tls_verify="none"))


def test_a_file_that_is_no_certificate_is_named(of, tmp_path):
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(ringsync.SourceError, match="cannot read CA certificates") as raised:
        ringsync.schema(of(tls_ca_file=str(tmp_path / "ca.pem")))
    assert raised.value.code == "tls"


def refusal(configuration: dict) -> ringsync.SourceError:
    with pytest.raises(ringsync.SourceError) as raised:
        ringsync.schema(configuration)
    return raised.value


def code_of(configuration: dict) -> str:
    return refusal(configuration).code


def test_full_verification_refuses_a_certificate_for_another_address(of, misnamed):
    full = refusal(of(of=misnamed, tls_verify="full"))
    assert full.code == "tls" and "not valid for name" in str(full)
    # It is the address alone: a trusted chain is all that `ca` asks for, of the same node.
    assert ringsync.schema(of(of=misnamed, tls_verify="ca"))


@pytest.fixture
def self_signed(tmp_path):
    """The port of a server whose certificate is its own authority, and that certificate."""
    certificate, key = tmp_path / "own.pem", tmp_path / "own.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=node", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    planted.WATCH.plant_key(key, "the key of a node that signed its own certificate")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with program.serving(context, lambda connection: connection.close()) as port:
        yield port, certificate


def test_a_node_whose_own_certificate_is_trusted_is_taken_by_ca_alone(of, node, self_signed):
    port, certificate = self_signed
    there = {"port": str(port), "connect_timeout_seconds": "3"}
    assert code_of(of(tls_verify="ca", tls_ca_file=str(certificate), **there)) != "tls"
    assert code_of(of(tls_verify="full", tls_ca_file=str(certificate), **there)) == "tls"
    assert code_of(of(tls_verify="ca", **there)) == "tls"
