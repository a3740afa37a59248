"""The wheels of build/wheels, each in a virtual environment that holds nothing else. Run by
tools/build_wheels.sh."""

import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# Files of the integration tests that are loaded ask their conftest for REPOSITORY.
from integration_files import REPOSITORY, load  # noqa: E402, F401

_shared = load("integration_conftest", "conftest.py")
pytest_addoption = _shared.pytest_addoption
pytest_runtest_setup = _shared.pytest_runtest_setup
pytest_runtest_teardown = _shared.pytest_runtest_teardown
pytest_runtest_makereport = _shared.pytest_runtest_makereport
pytest_terminal_summary = _shared.pytest_terminal_summary
cassandra, session, keyspace = _shared.cassandra, _shared.session, _shared.keyspace
config, measured = _shared.config, _shared.measured


def _pairs() -> list[tuple[str, str]]:
    """(Python, wheel) by RINGSYNC_WHEELS, "python=wheel" each on a line."""
    lines = os.environ.get("RINGSYNC_WHEELS", "").split()
    return [tuple(line.split("=", 1)) for line in lines]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    _shared.pytest_generate_tests(metafunc)
    if "wheel_python" not in metafunc.fixturenames:
        return
    pairs = _pairs()
    assert pairs, "RINGSYNC_WHEELS names no wheel; run tools/build_wheels.sh"
    ids = [f"{pathlib.Path(python).name}-{pathlib.Path(wheel).stem}" for python, wheel in pairs]
    metafunc.parametrize("wheel_python", pairs, ids=ids, indirect=True, scope="session")


@pytest.fixture(scope="session")
def wheel_python(request, tmp_path_factory) -> pathlib.Path:
    """The Python of a new virtual environment with the wheel in it."""
    python, wheel = request.param
    folder = tmp_path_factory.mktemp("venv")
    subprocess.run([python, "-m", "venv", folder], check=True)
    pip = [folder / "bin/pip", "install", "-q", "--no-deps", "--no-index", wheel]
    # Neither a compiler nor anything else is found.
    subprocess.run(pip, check=True, env={"PATH": "/nowhere"})
    return folder / "bin/python"
