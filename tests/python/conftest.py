"""What tests of the Python package run against: the package that tools/build_python.sh has laid
into build/python/package, and the node and fixtures of the integration tests.
"""

import json
import pathlib
import sys

import pytest
import ringsync

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# Files of the integration tests that are loaded ask their conftest for REPOSITORY.
from integration_files import REPOSITORY, load  # noqa: E402, F401

_shared = load("integration_conftest", "conftest.py")

pytest_addoption = _shared.pytest_addoption
pytest_generate_tests = _shared.pytest_generate_tests
pytest_runtest_setup = _shared.pytest_runtest_setup
pytest_runtest_teardown = _shared.pytest_runtest_teardown
pytest_runtest_makereport = _shared.pytest_runtest_makereport
pytest_terminal_summary = _shared.pytest_terminal_summary
cassandra = _shared.cassandra
session = _shared.session
keyspace = _shared.keyspace
nyc = _shared.nyc
config = _shared.config
measured = _shared.measured

for name in ("scan", "schema", "update", "validate_configuration"):
    setattr(ringsync, name, _shared.planted.watched_call(getattr(ringsync, name)))


@pytest.fixture
def configuration(config):
    """configuration(keyspace, …): the dict that the Connector SDK hands to a connector."""

    def make(keyspace: str, **more) -> dict:
        return json.loads(config(keyspace, **more).read_text())

    return make
