"""validate_configuration: everything that is wrong, at once, before any connection."""

import pytest
import ringsync
from destination import Destination, Log
from sockets import unvisited_port

GOOD = {
    "host_1": "127.0.0.1",
    "host_2": "",
    "port": "9042",
    "username": "u",
    "password": "p",
    "data_center_region": "dc1",
    "keyspace": "shop",
}


def test_the_original_examples_keys_as_texts_are_a_configuration():
    assert ringsync.validate_configuration(GOOD) is None


def test_every_problem_is_named_at_once_by_a_value_error_with_the_programs_code():
    wrong = {**GOOD, "host_1": "", "port": "no", "tls_verify": "maybe", "password": "s3cret"}
    with pytest.raises(ValueError) as raised:
        ringsync.validate_configuration(wrong)
    error = raised.value
    assert isinstance(error, ringsync.ConfigurationError)
    assert error.code == "config"
    assert all(key in str(error) for key in ("host_1", "port", "tls_verify"))
    assert str(error).startswith("error[config]: ")
    assert "s3cret" not in str(error)


@pytest.mark.parametrize(
    "call", [ringsync.schema, lambda c: ringsync.update(c, {}, Destination([]), Log())]
)
def test_schema_and_update_refuse_a_wrong_configuration_before_they_connect(call):
    with unvisited_port() as port, pytest.raises(ValueError, match="keyspace"):
        call({**GOOD, "port": port, "keyspace": ""})


def test_a_variable_of_the_environment_is_put_in_and_its_value_never_shown(monkeypatch):
    monkeypatch.setenv("RINGSYNC_TEST_PORT", "not a port")
    with pytest.raises(ValueError, match="port") as raised:
        ringsync.validate_configuration({**GOOD, "port": "${RINGSYNC_TEST_PORT}"})
    assert "not a port" not in str(raised.value)
    monkeypatch.setenv("RINGSYNC_TEST_PORT", "9142")
    ringsync.validate_configuration({**GOOD, "port": "${RINGSYNC_TEST_PORT}"})


def test_a_value_that_is_no_json_is_a_type_error():
    with pytest.raises(TypeError):
        ringsync.validate_configuration({**GOOD, "port": object()})
