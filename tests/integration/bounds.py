"""A bound for what is around a test: pytest-timeout's is for the test alone (pyproject.toml), since
what starts nodes takes longer than tests that use them. One that hangs fails its test, and the
others go on."""

import contextlib
import signal
from collections.abc import Iterator

import pytest


@contextlib.contextmanager
def bounded(phase: str, limit_s: int) -> Iterator[None]:
    """Fails, from inside of what runs then, where the block takes longer. Main thread only."""

    def end(*_) -> None:
        pytest.fail(f"the {phase} took more than fixture_timeout = {limit_s} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
