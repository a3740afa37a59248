"""Work that Python's one thread at a time would hold up, in processes of its own."""

import multiprocessing
from collections.abc import Callable, Iterable


def run_forked(what: str, work: Callable[..., None], shares: Iterable[tuple]) -> None:
    """Runs `work` once for each share, its arguments, all at the same time. They are forked, so
    that each finds what was read before; no thread of a driver may be alive here. Raises
    RuntimeError where one fails, which has told why."""
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=work, args=share) for share in shares]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if any(worker.exitcode != 0 for worker in workers):
        raise RuntimeError(f"{what} failed; the reason is above")
