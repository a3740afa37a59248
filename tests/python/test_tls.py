"""TLS by rustls: the same options as the program's, against a Cassandra that asks for client
certificates."""

import json

import pyarrow
import pytest
import ringsync
from conftest import load

program = load("test_tls_of_the_program", "test_tls.py")
node, tls_config = program.node, program.tls_config

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
