"""Runs the contenders in alternated order and prints medians with spread. Started by run.sh."""

import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "release"
DATA = ROOT / ".demo" / "bench"
FLIGHTS_ROWS = 336_776


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--copies", type=int, default=6, help="how often the flights are loaded")
    parser.add_argument("--quick", action="store_true", help="two rounds, a short sweep")
    parser.add_argument("--json", type=pathlib.Path, help="write every run's figures there")
    arguments = parser.parse_args()
    rounds = 2 if arguments.quick else arguments.rounds
    with cassandra() as node:
        keyspaces = {1: "nyc", arguments.copies: f"nyc{arguments.copies}"}
        for copies, keyspace in keyspaces.items():
            say(f"loading {copies * FLIGHTS_ROWS:,} flights into {keyspace}")
            tool("nyc.py", "--node", DATA / "node.json", "--keyspace", keyspace,
                 "load", "--copies", copies)  # fmt: skip
        sweep = best_drain(node, keyspaces[arguments.copies], arguments.quick)
        runs = measure(node, keyspaces, rounds, sweep)
    report(runs, sweep)
    if arguments.json:
        arguments.json.write_text(json.dumps({"drain": sweep, "runs": runs}, indent=1) + "\n")
    return 0


def measure(node: dict, keyspaces: dict[int, str], rounds: int, sweep: dict) -> list[dict]:
    contenders = {
        "drain": lambda keyspace, _: drain(node, keyspace, sweep),
        "sync → null": lambda keyspace, folder: sync(node, keyspace, "null:", folder),
        "sync → DuckDB": lambda keyspace, folder: sync(
            node, keyspace, f"duckdb:{folder / 'warehouse.db'}", folder
        ),
    }
    runs = []
    for number in range(rounds):
        order = list(contenders) if number % 2 == 0 else list(reversed(contenders))
        for copies, keyspace in keyspaces.items():
            for name in order:
                with tempfile.TemporaryDirectory(dir=DATA) as folder:
                    figures = contenders[name](keyspace, pathlib.Path(folder))
                expected = copies * FLIGHTS_ROWS
                if figures["rows"] != expected:
                    raise SystemExit(f"{name} read {figures['rows']} rows, not {expected}")
                runs.append({"contender": name, "copies": copies, "round": number, **figures})
                say(f"round {number + 1}, {copies}x, {name}: {figures['rows_s']:,.0f} rows/s")
    return runs


def best_drain(node: dict, keyspace: str, quick: bool) -> dict:
    """Page size and scans in flight with which drain reads fastest; each tried twice."""
    tried = []
    for page_rows in (5000,) if quick else (1000, 5000, 10_000):
        for in_flight in (4, 8) if quick else (2, 4, 8, 16):
            setting = {"page_rows": page_rows, "in_flight": in_flight}
            rates = [drain(node, keyspace, setting)["rows_s"] for _ in range(2)]
            tried.append({**setting, "rows_s": max(rates)})
            say(f"sweep: {page_rows} rows a page, {in_flight} in flight: {max(rates):,.0f} rows/s")
    return max(tried, key=lambda setting: setting["rows_s"])


def drain(node: dict, keyspace: str, setting: dict) -> dict:
    started = time.monotonic()
    answer = subprocess.run(
        [BUILD / "drain", "--host", node["host"], "--port", str(node["port"]),
         "--user", node["username"], "--password", node["password"],
         "--dc", node["datacenter"], "--keyspace", keyspace, "--table", "flights",
         "--page-rows", str(setting["page_rows"]), "--in-flight", str(setting["in_flight"])],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    wall_s = time.monotonic() - started
    read = json.loads(answer.stdout)
    return figures(read["rows"], read["bytes"], wall_s, read["cpu_s"], read["peak_kib"])


def sync(node: dict, keyspace: str, destination: str, folder: pathlib.Path) -> dict:
    configuration, summary = folder / "configuration.json", folder / "summary.json"
    tool("demo_configuration.py", DATA / "node.json", configuration, "--keyspace", keyspace)
    started = time.monotonic()
    subprocess.run(
        [BUILD / "ringsync", "sync", "--configuration", configuration, "--to", destination,
         "--tables", "flights", "--summary-json", summary, "--progress", "none",
         "--log-level", "warning"],
        stdout=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    wall_s = time.monotonic() - started
    done = json.loads(summary.read_text())
    totals, process = done["totals"], done["process"]
    return figures(
        totals["rows_sent"], totals["bytes"], wall_s, process["cpu_seconds"], process["peak_kib"]
    )


def figures(rows: int, size: int, wall_s: float, cpu_s: float, peak_kib: int) -> dict:
    return {
        "rows": rows,
        "rows_s": rows / wall_s,
        "mb_s": size / 1e6 / wall_s,
        "cpu_s_per_million": cpu_s / rows * 1e6,
        "peak_mib": peak_kib / 1024,
    }


def report(runs: list[dict], sweep: dict) -> None:
    print(f"\ndrain reads best with {sweep['page_rows']} rows a page and {sweep['in_flight']}"
          " scans in flight\n")  # fmt: skip
    header = ("flights", "contender", "rows/s", "of drain", "MB/s", "CPU-s/M rows", "VmHWM MiB")
    print("| {:>7} | {:<14} | {:>24} | {:>8} | {:>6} | {:>16} | {:>9} |".format(*header))
    print("|--:|:--|--:|--:|--:|--:|--:|")
    for copies in sorted({run["copies"] for run in runs}):
        limit = statistics.median(
            run["rows_s"] for run in runs if (run["copies"], run["contender"]) == (copies, "drain")
        )
        for name in dict.fromkeys(run["contender"] for run in runs):
            of = [r for r in runs if (r["copies"], r["contender"]) == (copies, name)]
            rate = [run["rows_s"] for run in of]
            cpu = [run["cpu_s_per_million"] for run in of]
            rows_s = f"{statistics.median(rate):,.0f} ({min(rate):,.0f}–{max(rate):,.0f})"
            cpu_s = f"{statistics.median(cpu):.2f} ({min(cpu):.2f}–{max(cpu):.2f})"
            mb_s = statistics.median(run["mb_s"] for run in of)
            peak = max(run["peak_mib"] for run in of)
            print(f"| {copies:>6}x | {name:<14} | {rows_s:>24} | "
                  f"{statistics.median(rate) / limit:>8.2f} | {mb_s:>6.0f} | {cpu_s:>16} | "
                  f"{peak:>9.0f} |")  # fmt: skip


@contextlib.contextmanager
def cassandra():
    DATA.mkdir(parents=True, exist_ok=True)
    program = ROOT / "tools" / "cassandra" / "cassandra.py"
    command = [sys.executable, program, "start", "--dir", DATA / "cassandra", "--heap", "2g"]
    say("starting Cassandra")
    node = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    (DATA / "node.json").write_text(node)
    try:
        yield json.loads(node)
    finally:
        subprocess.run([sys.executable, program, "stop", "--dir", DATA / "cassandra"], check=True)


def tool(name: str, *arguments: object) -> None:
    command = [sys.executable, ROOT / "tools" / name, *map(str, arguments)]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env={**os.environ})


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
