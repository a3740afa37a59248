"""A bound for what is around a test: pytest-timeout's is for the test alone (pyproject.toml), since
what starts nodes takes longer than tests that use them. One that hangs fails its test, and the
others go on."""

import contextlib
import signal
from collections.abc import Iterator

import pytest

AGAIN_S = 60  # behind a fixture that hung others are torn down, which may hang too


@contextlib.contextmanager
def bounded(phase: str, limit_s: int) -> Iterator[None]:
    """Fails, from inside of what runs then, where the block takes longer; again and again, until it
    ends. Main thread only."""

    def end(*_) -> None:
        pytest.fail(f"the {phase} took more than fixture_timeout = {limit_s} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, limit_s, min(limit_s, AGAIN_S))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
