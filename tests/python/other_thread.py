"""A thread of Python's that runs beside what is tested: it comes to nothing while another one keeps
the GIL."""

import contextlib
import threading
import time
from collections.abc import Iterator


class Counter:
    """`counted`: about one for each millisecond in which it was let run."""

    counted = 0


@contextlib.contextmanager
def other_thread() -> Iterator[Counter]:
    counter, ended = Counter(), threading.Event()

    def count() -> None:
        while not ended.is_set():
            counter.counted += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    try:
        yield counter
    finally:
        ended.set()
        thread.join()
