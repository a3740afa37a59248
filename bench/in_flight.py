"""The flights by scans in flight: what more of them bring, and what they cost."""

import pathlib
import tempfile

from harness import DATA, FLIGHTS_ROWS, drain, load_flights, say, spread, sync

IN_FLIGHT = (1, 2, 4, 8, 16, 32)
PAGE_ROWS = 5000  # the default of page_size


def measure(node: dict, copies: int, rounds: int) -> dict:
    keyspace = f"nyc{copies}"
    load_flights(keyspace, copies)
    runs = []
    for number in range(rounds):
        for scans in IN_FLIGHT if number % 2 == 0 else reversed(IN_FLIGHT):
            for name, got in read(node, keyspace, scans):
                if got["rows"] != copies * FLIGHTS_ROWS:
                    raise SystemExit(f"{name}: {got['rows']} rows, not {copies * FLIGHTS_ROWS}")
                runs.append({"contender": name, "scans": scans, "round": number, **got})
                say(f"round {number + 1}, {scans} scans, {name}: {got['rows_s']:,.0f} rows/s")
    return {"runs": runs}


def read(node: dict, keyspace: str, scans: int):
    yield "drain", drain(node, keyspace, {"page_rows": PAGE_ROWS, "in_flight": scans})
    with tempfile.TemporaryDirectory(dir=DATA) as folder:
        yield (
            "sync → null",
            sync(node, keyspace, "null:", pathlib.Path(folder), max_in_flight=scans),
        )


def report(measured: dict) -> None:
    print(f"\nScans in flight, pages of {PAGE_ROWS:,} rows at most\n")
    print("| scans | contender   |                   rows/s |       CPU-s/M rows | VmHWM MiB |")
    print("|--:|:--|--:|--:|--:|")
    for scans in IN_FLIGHT:
        for name in ("drain", "sync → null"):
            of = [r for r in measured["runs"] if (r["scans"], r["contender"]) == (scans, name)]
            peak = max(run["peak_mib"] for run in of)
            print(f"| {scans:>5} | {name:<11} | {spread(of, 'rows_s', ',.0f'):>24} |"
                  f" {spread(of, 'cpu_s_per_million', '.2f'):>18} | {peak:>9.0f} |")  # fmt: skip
