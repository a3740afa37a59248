"""Runs a program and writes what it took, as JSON: seconds, CPU-seconds (user and system) of it and
of all processes below it that have ended, VmHWM of the largest of these, and the most that all of
them had resident at a time, which is looked at ten times a second and counts pages that processes
share for each.

    measure.py FIGURES COMMAND…        exits as the command does

A program of its own, and a small one: a process begins with the peak of the one that started it.
"""

import ctypes
import json
import os
import pathlib
import resource
import sys
import threading
import time

_PR_SET_CHILD_SUBREAPER = 36
_KIB_A_PAGE = os.sysconf("SC_PAGE_SIZE") // 1024
_EVERY_S = 0.1
_ORPHANS_S = 30


class Watch(threading.Thread):
    """Notes the most that the processes below this one have resident."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak_kib = 0
        self._is_over = threading.Event()

    def run(self) -> None:
        while not self._is_over.wait(_EVERY_S):
            self.peak_kib = max(self.peak_kib, sum(map(_resident_kib, _below(os.getpid()))))

    def end(self) -> None:
        self._is_over.set()
        self.join()


def _below(pid: int) -> list[int]:
    children = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children += map(int, task.read_text().split())
        except OSError:
            continue
    return children + [other for child in children for other in _below(child)]


def _resident_kib(pid: int) -> int:
    try:
        return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * _KIB_A_PAGE
    except OSError:
        return 0


def _reap_orphans() -> None:
    """Waits for what outlives the command, so that what it has taken is counted too."""
    deadline = time.monotonic() + _ORPHANS_S
    while time.monotonic() < deadline:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            time.sleep(_EVERY_S)
    raise SystemExit(f"measure.py: processes have outlived the command by {_ORPHANS_S} s")


def main() -> int:
    figures, *command = sys.argv[1:]
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    watch = Watch()
    watch.start()
    started = time.monotonic()
    child = os.posix_spawnp(command[0], command, os.environ)
    _, status = os.waitpid(child, 0)
    wall_s = time.monotonic() - started
    _reap_orphans()
    watch.end()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = {
        "wall_s": wall_s,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_kib": usage.ru_maxrss,
        "peak_of_all_kib": watch.peak_kib,
    }
    pathlib.Path(figures).write_text(json.dumps(taken))
    return 0 if os.waitstatus_to_exitcode(status) == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
