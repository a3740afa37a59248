"""A test of which anything hangs ends: set-up and teardown too, not only the test itself."""

import subprocess
import sys

import pytest
from conftest import REPOSITORY

HANGING_TEST = """
import threading
import pytest

@pytest.fixture
def hangs():
    if {place!r} == "set-up":
        threading.Event().wait()
    yield
    if {place!r} == "teardown":
        threading.Event().wait()

@pytest.fixture
def hangs_too():
    yield
    if {place!r} == "teardown":
        threading.Event().wait()

def test_that_hangs(hangs_too, hangs):
    pass

def test_behind_it():
    pass
"""


@pytest.mark.timeout(120)
@pytest.mark.parametrize("place", ["set-up", "teardown", "nowhere"])
def test_a_fixture_that_hangs_fails_its_test_and_lets_the_next_one_run(tmp_path, place):
    """A whole run of pytest with this folder's conftest."""
    test = tmp_path / "test_hang.py"
    test.write_text(HANGING_TEST.format(place=place))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "conftest", "-p", "no:cacheprovider",
         "-o", "fixture_timeout=2", "--rootdir", tmp_path, test],
        cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False,
        env={"PYTHONPATH": str(REPOSITORY / "tests/integration")},
    )  # fmt: skip
    if place == "nowhere":
        assert done.returncode == 0 and "2 passed" in done.stdout, done.stdout
        return
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"the {place} took more than fixture_timeout = 2 s" in done.stdout, done.stdout
    hung = 2 if place == "teardown" else 1
    assert done.stdout.count(f"Failed: the {place} took more than") >= hung, done.stdout
    passed = "2 passed, 1 error" if place == "teardown" else "1 passed, 1 error"
    assert passed in done.stdout, done.stdout
