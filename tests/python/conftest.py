"""What tests of the Python package run against: the package that tools/build_python.sh has laid
into build/python/package, and the node and fixtures of the integration tests.
"""

import importlib.util
import json
import pathlib
import sys

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
INTEGRATION = REPOSITORY / "tests" / "integration"
sys.path[:0] = [str(INTEGRATION), str(REPOSITORY / "tools")]


def load(name: str, file: str):
    """A file of the integration tests by a name of its own: files here are called as some there."""
    spec = importlib.util.spec_from_file_location(name, INTEGRATION / file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


_shared = load("integration_conftest", "conftest.py")

pytest_addoption = _shared.pytest_addoption
pytest_generate_tests = _shared.pytest_generate_tests
pytest_terminal_summary = _shared.pytest_terminal_summary
cassandra = _shared.cassandra
session = _shared.session
keyspace = _shared.keyspace
nyc = _shared.nyc
config = _shared.config
measured = _shared.measured


@pytest.fixture
def configuration(config):
    """configuration(keyspace, …): the dict that the Connector SDK hands to a connector."""

    def make(keyspace: str, **more) -> dict:
        return json.loads(config(keyspace, **more).read_text())

    return make
