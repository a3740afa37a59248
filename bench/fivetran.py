"""Fivetran's source connector, `ringsync serve`, with what limits it and a baseline in Python. One
client counts for all of them: bytes and records, no objects."""

import contextlib
import dataclasses
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

from first_load import best_drain
from harness import (
    BUILD,
    DATA,
    FLIGHTS_ROWS,
    ROOT,
    cluster,
    drain,
    figures,
    load_flights,
    say,
    spread,
)

BASELINE = ROOT / "bench" / "baseline"
PACKAGE = ROOT / "build" / "python" / "package"
START_TIMEOUT_S = 60
SCAN_ROWS_S = 22_500  # about what connector/ reads in a second
TICKS_S = os.sysconf("SC_CLK_TCK")
# Less than a socket takes in, then nothing for a while: the server must wait again and again.
SLOW = {"pause_every_messages": 500, "pause_ms": 250}
TARGETS = """
| to reach | measured |
|:--|--:|"""


@dataclasses.dataclass(frozen=True)
class Contender:
    title: str
    run: Callable[[pathlib.Path], dict]


def measure(node: dict, copies: int, rounds: int, quick: bool, native: bool) -> dict:
    keyspace, rows = f"nyc{copies}", copies * FLIGHTS_ROWS
    load_flights(keyspace, copies)
    setting = best_drain(node, keyspace, quick)
    runs = []
    for number in range(rounds):
        order = contenders(node, keyspace, copies, setting, native)
        for contender in order if number % 2 == 0 else reversed(order):
            with tempfile.TemporaryDirectory(dir=DATA) as folder:
                got = contender.run(pathlib.Path(folder))
            # TRUNCATE is a record too.
            if not 0 <= got["rows"] - rows <= 1:
                raise SystemExit(f"{contender.title}: {got['rows']} rows of {rows}")
            runs.append({"contender": contender.title, "round": number, **got})
            say(f"round {number + 1}, {contender.title}: {got['rows_s']:,.0f} rows/s,"
                f" {got['cpu_s_per_million']:.2f} CPU-s/M")  # fmt: skip
    return {"drain": setting, "runs": runs}


def contenders(
    node: dict, keyspace: str, copies: int, setting: dict, native: bool
) -> list[Contender]:
    """`native`: without those in Python, which take a minute for each million rows."""

    def sdk(file: pathlib.Path, **configuration: object) -> Callable[[pathlib.Path], dict]:
        command = [sys.executable, BASELINE / "sdk_server.py", file]
        return lambda folder: served(command, configuration, folder)

    def serve(**pace: object) -> Callable[[pathlib.Path], dict]:
        command = serve_command(BUILD / "ringsync")
        configuration = flights(node, keyspace)
        return lambda folder: served(command, configuration, folder, **pace)

    sources = flights(node, keyspace)
    loop = sdk(BASELINE / "upsert_loop.py", rows=copies * FLIGHTS_ROWS)
    programs = [
        Contender("drain", lambda _: drain(node, keyspace, setting)),
        Contender("serve", serve()),
        Contender("serve, slow client", serve(**SLOW)),
        Contender("serve, parsing client", serve(parse="true")),
    ]
    return (
        programs
        if native
        else [
            *programs,
            Contender("Python baseline", sdk(BASELINE / "example_connector.py", **sources)),
            Contender("connector/", sdk(ROOT / "connector" / "connector.py", **sources)),
            Contender("upsert loop", loop),
            Contender("upsert loop, beside a scan", beside_a_scan(node, keyspace, loop)),
        ]
    )


def beside_a_scan(
    node: dict, keyspace: str, run: Callable[[pathlib.Path], dict]
) -> Callable[[pathlib.Path], dict]:
    """What a connector has beside it: the cluster, which reads on the same processors."""

    def run_beside(folder: pathlib.Path) -> dict:
        file = folder / "scan.json"
        file.write_text(json.dumps({**flights(node, keyspace), "max_rows_per_second": SCAN_ROWS_S}))
        with (folder / "scan.log").open("w") as log:
            scan = subprocess.Popen(
                [BUILD / "ringsync", "sync", "--configuration", file, "--to", "null:",
                 "--progress", "none", "--every", "1s"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            got = run(folder)
            said = (folder / "scan.log").read_text()
            if scan.poll() is not None or "error[" in said:
                raise SystemExit(f"the scan has ended or failed: {said}")
            return got
        finally:
            scan.terminate()
            scan.wait()

    return run_beside


def serve_command(program: pathlib.Path) -> list:
    return [program, "serve", "--address", "127.0.0.1", "--port", "0"]


def flights(node: dict, keyspace: str) -> dict[str, object]:
    return {**cluster(node, keyspace), "tables": "flights"}


def served(command: list, configuration: dict, folder: pathlib.Path, **pace: object) -> dict:
    """Figures of one sync: time and bytes by the client, CPU and memory of the server alone."""
    file = folder / "configuration.json"
    file.write_text(json.dumps({key: str(value) for key, value in configuration.items()}))
    with server(command, folder) as (process, port):
        options = [f"--{name.replace('_', '-')}={value}" for name, value in pace.items()]
        before = cpu_s(process.pid)
        client = subprocess.run(
            [BUILD / "count_records", "--address", f"127.0.0.1:{port}", "--configuration", file,
             *options],
            capture_output=True, text=True,
        )  # fmt: skip
        if client.returncode != 0:
            log = (folder / "server.log").read_text()
            raise SystemExit(f"{command[-1]}: {client.stderr}{log}")
        counted = json.loads(client.stdout)
        used = cpu_s(process.pid) - before
        got = figures(
            counted["records"], counted["bytes"], counted["wall_s"], used, peak_kib(process.pid)
        )
        return {
            **got,
            "messages": counted["messages"],
            "first_row_s": counted["first_row_s"],
            "client_cpu_s": counted["cpu_s"],
        }


@contextlib.contextmanager
def server(command: list, folder: pathlib.Path) -> Iterator[tuple[subprocess.Popen, int]]:
    """Starts a connector, which prints its port, and ends it."""
    log = folder / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder,
            env={**os.environ, "DO_NOT_TRACK": "1", "PYTHONPATH": str(PACKAGE)},
        )  # fmt: skip
    try:
        yield process, port_of(process, log)
    finally:
        process.terminate()
        process.wait()


def port_of(process: subprocess.Popen, log: pathlib.Path) -> int:
    deadline = time.monotonic() + START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        if found := re.search(r"[Ll]isten\w* .*?(?:port |:)(\d+)", log.read_text()):
            return int(found.group(1))
        time.sleep(0.05)
    raise SystemExit(f"no connector listens: {log.read_text()}")


def cpu_s(pid: int) -> float:
    """User and system, of all threads so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_S


def peak_kib(pid: int) -> int:
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s*(\d+)", status).group(1))


def report(measured: dict) -> None:
    runs = measured["runs"]
    titles = list(dict.fromkeys(run["contender"] for run in sorted(runs, key=lambda r: r["round"])))
    print("\nFivetran's connectors, into a client that counts bytes and records\n")
    header = (
        "contender",
        "rows",
        "rows/s",
        "CPU-s/M rows",
        "VmHWM MiB",
        "client CPU-s/M",
        "first row, s",
    )
    print("| {:<26} | {:>9} | {:>24} | {:>18} | {:>9} | {:>14} | {:>12} |".format(*header))
    print("|:--|--:|--:|--:|--:|--:|--:|")
    for title in titles:
        of = [run for run in runs if run["contender"] == title]
        client = [run["client_cpu_s"] / run["rows"] * 1e6 for run in of if "client_cpu_s" in run]
        shown = f"{statistics.median(client):.2f}" if client else "-"
        first = [run["first_row_s"] for run in of if "first_row_s" in run]
        first_row = f"{statistics.median(first):.2f}" if first else "-"
        peak = max(run["peak_mib"] for run in of)
        print(f"| {title:<26} | {of[0]['rows']:>9,} | {spread(of, 'rows_s', ',.0f'):>24} |"
              f" {spread(of, 'cpu_s_per_million', '.2f'):>18} | {peak:>9.0f} |"
              f" {shown:>14} | {first_row:>12} |")  # fmt: skip
    report_targets(runs)


def report_targets(runs: list[dict]) -> None:
    def median(title: str, name: str) -> float:
        return statistics.median(run[name] for run in runs if run["contender"] == title)

    def rate(title: str) -> float:
        return median(title, "rows_s")

    def cpu(title: str) -> float:
        return median(title, "cpu_s_per_million")

    def peak(title: str) -> float:
        return max(run["peak_mib"] for run in runs if run["contender"] == title)

    targets = {
        "serve: at least 0.85 of drain's rows/s": f"{rate('serve') / rate('drain'):.2f}",
        "serve: at most 0.5 CPU-s per million rows": f"{cpu('serve'):.2f}",
        "serve: VmHWM at most 48 MiB": f"{peak('serve'):.0f} MiB",
        "the same with a slow client: at most 64 MiB": f"{peak('serve, slow client'):.0f} MiB",
    }
    if any(run["contender"] == "connector/" for run in runs):
        targets |= {
            "serve: at least 10 times the baseline's rows/s": (
                f"{rate('serve') / rate('Python baseline'):.1f} times"
            ),
            "serve: at most 1/40 of the baseline's CPU": (
                f"1/{cpu('Python baseline') / cpu('serve'):.0f}"
            ),
            "connector/: at least 0.9 of the upsert loop's rows/s": (
                f"{rate('connector/') / rate('upsert loop'):.2f}"
            ),
            "the same by CPU": f"{cpu('upsert loop') / cpu('connector/'):.2f}",
            "connector/: of the rows/s of the upsert loop beside a scan": (
                f"{rate('connector/') / rate('upsert loop, beside a scan'):.2f}"
            ),
            "that by CPU": f"{cpu('upsert loop, beside a scan') / cpu('connector/'):.2f}",
            "connector/: ahead of the baseline": (
                f"{rate('connector/') / rate('Python baseline'):.1f} times"
            ),
        }
    print(TARGETS)
    for target, measured in targets.items():
        print(f"| {target} | {measured} |")
