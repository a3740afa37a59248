"""Runs a program and writes what it took, as JSON: seconds, CPU-seconds (user and system) of it and
of every child that was waited for, and VmHWM of the largest of these processes.

    measure.py FIGURES COMMAND…        exits as the command does

A program of its own, and a small one: a process begins with the peak of the one that started it.
"""

import json
import os
import pathlib
import sys
import time


def main() -> int:
    figures, *command = sys.argv[1:]
    started = time.monotonic()
    child = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    taken = {
        "wall_s": time.monotonic() - started,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_kib": usage.ru_maxrss,
    }
    pathlib.Path(figures).write_text(json.dumps(taken))
    return 0 if os.waitstatus_to_exitcode(status) == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
