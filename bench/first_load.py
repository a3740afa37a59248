"""First loads: drain, sync into nothing, sync into a new DuckDB file, at three sizes."""

import pathlib
import statistics
import tempfile

from harness import DATA, FLIGHTS_ROWS, drain, load_flights, say, spread, sync


def measure(node: dict, copies: int, rounds: int, quick: bool) -> dict:
    sizes = {1, copies} if quick else {1, 4, copies}
    keyspaces = {count: "nyc" if count == 1 else f"nyc{count}" for count in sorted(sizes)}
    for count, keyspace in keyspaces.items():
        load_flights(keyspace, count)
    setting = best_drain(node, keyspaces[copies], quick)
    contenders = {"drain": lambda keyspace, _: drain(node, keyspace, setting)}
    for destination, target in (("null", "null:"), ("DuckDB", "duckdb:{}/warehouse.db")):
        contenders[f"sync → {destination}"] = lambda keyspace, folder, target=target: sync(
            node, keyspace, target.format(folder), folder
        )
    runs = []
    for number in range(rounds):
        order = list(contenders) if number % 2 == 0 else list(reversed(contenders))
        for count, keyspace in keyspaces.items():
            for name in order:
                with tempfile.TemporaryDirectory(dir=DATA) as folder:
                    figures = contenders[name](keyspace, pathlib.Path(folder))
                if figures["rows"] != count * FLIGHTS_ROWS:
                    raise SystemExit(f"{name} read {figures['rows']} of {count}x the flights")
                runs.append({"contender": name, "copies": count, "round": number, **figures})
                say(f"round {number + 1}, {count}x, {name}: {figures['rows_s']:,.0f} rows/s")
    return {"drain": setting, "runs": runs}


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


def report(measured: dict) -> None:
    setting, runs = measured["drain"], measured["runs"]
    print(f"\nFirst loads. drain reads best with {setting['page_rows']} rows a page and"
          f" {setting['in_flight']} scans in flight\n")  # fmt: skip
    header = ("flights", "contender", "rows/s", "of drain", "MB/s", "CPU-s/M rows", "VmHWM MiB")
    print("| {:>7} | {:<15} | {:>24} | {:>8} | {:>6} | {:>16} | {:>9} |".format(*header))
    print("|--:|:--|--:|--:|--:|--:|--:|")
    for copies in sorted({run["copies"] for run in runs}):
        limit = statistics.median(
            run["rows_s"] for run in runs if (run["copies"], run["contender"]) == (copies, "drain")
        )
        for name in dict.fromkeys(run["contender"] for run in runs):
            of = [r for r in runs if (r["copies"], r["contender"]) == (copies, name)]
            rate = statistics.median(run["rows_s"] for run in of)
            rows_s, cpu_s = spread(of, "rows_s", ",.0f"), spread(of, "cpu_s_per_million", ".2f")
            mb_s = statistics.median(run["mb_s"] for run in of)
            peak = max(run["peak_mib"] for run in of)
            print(f"| {copies:>6}x | {name:<15} | {rows_s:>24} | "
                  f"{rate / limit:>8.2f} | {mb_s:>6.0f} | {cpu_s:>16} | "
                  f"{peak:>9.0f} |")  # fmt: skip
