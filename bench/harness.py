"""What every section of the benchmark uses: the node, the programs under test, their figures."""

import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "release"
DATA = ROOT / ".demo" / "bench"
FLIGHTS_ROWS = 336_776

sys.path.insert(0, str(ROOT / "tools"))


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def cassandra() -> Iterator[dict]:
    """The benchmark's own node, whose data stays from run to run."""
    program = ROOT / "tools" / "cassandra" / "cassandra.py"
    command = [sys.executable, program, "start", "--dir", DATA / "cassandra", "--heap", "2g"]
    say("starting Cassandra")
    node = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    (DATA / "node.json").write_text(node)
    try:
        yield json.loads(node)
    finally:
        subprocess.run([sys.executable, program, "stop", "--dir", DATA / "cassandra"], check=True)


def nyc(keyspace: str, *arguments: object) -> dict:
    """tools/nyc.py on the node; returns what it printed."""
    command = [sys.executable, ROOT / "tools" / "nyc.py", "--node", DATA / "node.json"]
    command += ["--keyspace", keyspace, *map(str, arguments)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ})
    return json.loads(answer.stdout)


def load_flights(keyspace: str, copies: int) -> None:
    say(f"loading {copies * FLIGHTS_ROWS:,} flights into {keyspace}")
    nyc(keyspace, "load", "--copies", copies)


def drain(
    node: dict, keyspace: str, setting: dict, table: str = "flights", after_ms: int | None = None
) -> dict:
    """Figures of reading every page of a table through the driver and looking at no cell; of the
    rows changed past `after_ms` only, where it is given."""
    started = time.monotonic()
    answer = subprocess.run(
        [BUILD / "drain", "--host", node["host"], "--port", str(node["port"]),
         "--user", node["username"], "--password", node["password"],
         "--dc", node["datacenter"], "--keyspace", keyspace, "--table", table,
         "--page-rows", str(setting["page_rows"]), "--in-flight", str(setting["in_flight"]),
         *(["--after", str(after_ms)] if after_ms is not None else [])],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    wall_s = time.monotonic() - started
    read = json.loads(answer.stdout)
    return figures(read["rows"], read["bytes"], wall_s, read["cpu_s"], read["peak_kib"])


def cluster(node: dict, keyspace: str) -> dict[str, object]:
    """The keys of a configuration that lead to a keyspace of the node."""
    return {
        "host_1": node["host"],
        "port": node["port"],
        "username": node["username"],
        "password": node["password"],
        "data_center_region": node["datacenter"],
        "keyspace": keyspace,
    }


def sync(
    node: dict,
    keyspace: str,
    destination: str,
    folder: pathlib.Path,
    tables: str = "flights",
    program: pathlib.Path = BUILD / "ringsync",
    **keys: object,
) -> dict:
    """Figures of one `ringsync sync` by `program`; `keys` go into its configuration."""
    configuration, summary = folder / "configuration.json", folder / "summary.json"
    configuration.write_text(json.dumps({**cluster(node, keyspace), **keys}))
    started = time.monotonic()
    done = subprocess.run(
        [program, "sync", "--configuration", configuration, "--to", destination,
         "--tables", tables, "--summary-json", summary, "--progress", "none",
         "--log-level", "warning"],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    wall_s = time.monotonic() - started
    if done.returncode != 0:
        raise SystemExit(f"ringsync sync of {keyspace} ended with {done.returncode}; see above")
    written = json.loads(summary.read_text())
    totals, process = written["totals"], written["process"]
    return {
        **figures(
            totals["rows_sent"],
            totals["bytes"],
            wall_s,
            process["cpu_seconds"],
            process["peak_kib"],
        ),
        "sync_s": written["seconds"],  # from the open connections to the last commit
    }


def figures(rows: int, size: int, wall_s: float, cpu_s: float, peak_kib: int) -> dict:
    return {
        "rows": rows,
        "wall_s": wall_s,
        "rows_s": rows / wall_s,
        "mb_s": size / 1e6 / wall_s,
        "cpu_s": cpu_s,
        "cpu_s_per_million": cpu_s / max(rows, 1) * 1e6,
        "peak_mib": peak_kib / 1024,
    }


def spread(runs: list[dict], name: str, form: str) -> str:
    """A figure of several runs: median (least–most)."""
    values = [run[name] for run in runs]
    return f"{statistics.median(values):{form}} ({min(values):{form}}–{max(values):{form}})"
