"""Incremental syncs, with an index on `updated_at` and without: after 1,000 changed rows, and by
the share of rows that changed.

The two tables hold the same flights and get the same changes. What a sync must bring is counted in
the source by the Python driver: the rows past the bound that the saved state and the overlap give.
"""

import datetime
import json
import pathlib
import statistics
import tempfile
import time

import cql_session
import duckdb
from harness import DATA, FLIGHTS_ROWS, drain, load_flights, nyc, say, sync

CHANGED_ROWS = 1000
SHARE_ROWS = (1_000, 10_000, 100_000)
OVERLAP_MS = 300_000  # the default of overlap_seconds
INDEX_TIMEOUT_S = 600
RING_PARTS = 256
TITLES = {"scan": "not indexed", "index": "indexed (SAI)"}
WARM_UP_ROUNDS = 2  # not counted: the server compiles its code for such reads as they come


def measure(node: dict, copies: int, rounds: int) -> dict:
    keyspaces = {"scan": f"nyc{copies}", "index": f"nyc{copies}_indexed"}
    for keyspace in keyspaces.values():
        load_flights(keyspace, copies)
    session = cql_session.connect(node)
    try:
        make_index(session, keyspaces["index"])
        with tempfile.TemporaryDirectory(dir=DATA) as folder:
            folders = {name: pathlib.Path(folder) / name for name in keyspaces}
            return {
                "copies": copies,
                "runs": run_rounds(node, session, keyspaces, folders, rounds),
                "scans": [filtered_scan(node, keyspaces["scan"]) for _ in range(rounds)],
                "shares": run_shares(node, keyspaces, folders, min(rounds, 3)),
            }
    finally:
        session.cluster.shutdown()


def make_index(session: cql_session.Session, keyspace: str) -> None:
    session.execute(
        f"CREATE CUSTOM INDEX IF NOT EXISTS flights_updated_at ON {keyspace}.flights (updated_at)"
        " USING 'StorageAttachedIndex'",
        timeout=INDEX_TIMEOUT_S,
    )
    deadline = time.monotonic() + INDEX_TIMEOUT_S
    built = "SELECT is_queryable FROM system_views.sai_column_indexes WHERE keyspace_name = %s"
    say(f"waiting for the index of {keyspace}")
    while not all(row[0] for row in session.execute(built + " ALLOW FILTERING", [keyspace])):
        if time.monotonic() > deadline:
            raise SystemExit(f"the index of {keyspace} is not built after {INDEX_TIMEOUT_S} s")
        time.sleep(1)


def run_rounds(
    node: dict, session: cql_session.Session, keyspaces: dict, folders: dict, rounds: int
) -> list[dict]:
    for name, keyspace in keyspaces.items():
        folders[name].mkdir()
        sync(node, keyspace, f"duckdb:{folders[name] / 'warehouse.db'}", folders[name])
    runs = []
    for number in range(WARM_UP_ROUNDS + rounds):
        order = list(keyspaces) if number % 2 == 0 else list(reversed(keyspaces))
        # The flights of the round before the last again, so that the overlap does not grow.
        seed = number % 2
        for keyspace in keyspaces.values():
            nyc(keyspace, "change", "--update", CHANGED_ROWS, "--add", 0, "--seed", seed)
        for name in order:
            database = folders[name] / "warehouse.db"
            expected = rows_past_bound(session, keyspaces[name], saved_cursor_ms(database))
            figures = sync(node, keyspaces[name], f"duckdb:{database}", folders[name])
            if figures["rows"] != expected:
                raise SystemExit(f"{name}: {figures['rows']} rows travelled, not {expected}")
            counts = number >= WARM_UP_ROUNDS
            label = f"round {number - WARM_UP_ROUNDS + 1}" if counts else "warm-up"
            say(f"{label}, by {name}: {expected} rows in {figures['wall_s']:.2f} s")
            if counts:
                runs.append({"read": name, "round": number, "expected": expected, **figures})
    return runs


def filtered_scan(node: dict, keyspace: str) -> dict:
    """One scan of the table that brings the rows of the last ten minutes, by drain."""
    after_ms = int((time.time() - 600) * 1000)
    return drain(node, keyspace, {"page_rows": 5000, "in_flight": 4}, after_ms=after_ms)


def run_shares(node: dict, keyspaces: dict, folders: dict, rounds: int) -> list[dict]:
    """Without overlap and lag, which nothing needs here: a sync brings the changed rows alone."""
    exact = {"overlap_seconds": 0, "lag_seconds": 0}

    def read(name: str) -> dict:
        database = f"duckdb:{folders[name] / 'warehouse.db'}"
        return sync(node, keyspaces[name], database, folders[name], **exact)

    for name in keyspaces:
        read(name)
    runs = []
    for number in range(rounds):
        for changed in SHARE_ROWS:
            for name in keyspaces if number % 2 == 0 else reversed(keyspaces):
                nyc(keyspaces[name], "change", "--update", changed, "--add", 0, "--seed", number)
                figures = read(name)
                if figures["rows"] != changed:
                    raise SystemExit(f"{name}: {figures['rows']} rows travelled, not {changed}")
                say(f"share, round {number + 1}, by {name}: {changed} rows"
                    f" in {figures['sync_s']:.2f} s")  # fmt: skip
                runs.append({"read": name, "changed": changed, "round": number, **figures})
    return runs


def saved_cursor_ms(database: pathlib.Path) -> int:
    with duckdb.connect(str(database), read_only=True) as connection:
        (state,) = connection.execute('SELECT state FROM "_ringsync"."state"').fetchone()
    return json.loads(state)["tables"]["flights"]["cursor_ms"]


def rows_past_bound(session: cql_session.Session, keyspace: str, cursor_ms: int) -> int:
    """Rows that the next sync must bring: `updated_at` at or after the saved cursor - overlap."""
    # By parts of the ring: in one go over millions of changed rows the server gives up, either at
    # its time limit or at the tombstones it has met.
    statement = session.prepare(
        f"SELECT updated_at FROM {keyspace}.flights"
        " WHERE token(carrier, flight) > ? AND token(carrier, flight) <= ?"
        " AND updated_at >= ? ALLOW FILTERING"
    )
    bound = datetime.datetime.fromtimestamp((cursor_ms - OVERLAP_MS) / 1000, datetime.UTC)
    width = 2**64 // RING_PARTS
    rows = 0
    for part in range(RING_PARTS):
        first = -(2**63) + part * width
        last = 2**63 - 1 if part == RING_PARTS - 1 else first + width
        rows += sum(1 for _ in session.execute(statement, [first, last, bound], timeout=120))
    return rows


def report(measured: dict) -> None:
    print(f"\nIncremental syncs into DuckDB after {CHANGED_ROWS:,} changed rows; every sync brought"
          " exactly the changed rows and those within the overlap\n")  # fmt: skip
    print("| `updated_at`  | process, seconds       | of the scan | sync, seconds          |"
          " of the scan | CPU-s | rows sent       |")  # fmt: skip
    print("|:--|--:|--:|--:|--:|--:|--:|")
    runs = {name: [run for run in measured["runs"] if run["read"] == name] for name in TITLES}
    for name, title in TITLES.items():
        columns = []
        for figure in ("wall_s", "sync_s"):
            values = [run[figure] for run in runs[name]]
            median_s = statistics.median(values)
            ratio = median_s / statistics.median(run[figure] for run in runs["scan"])
            spread = f"{median_s:.2f} ({min(values):.2f}–{max(values):.2f})"
            columns.append(f"{spread:>22} | {ratio:>11.2f}")
        rows = [run["rows"] for run in runs[name]]
        cpu_s = statistics.median(run["cpu_s"] for run in runs[name])
        print(f"| {title:<13} | {' | '.join(columns)} | {cpu_s:>5.2f} |"
              f" {min(rows):>6,}–{max(rows):<8,} |")  # fmt: skip
    scan_s = statistics.median(run["wall_s"] for run in measured["scans"])
    print(f"\nOne scan by drain that filters in the same way: {scan_s:.2f} s")
    report_shares(measured)


def report_shares(measured: dict) -> None:
    total = measured["copies"] * FLIGHTS_ROWS
    print("\nBy the share of rows that changed: seconds of the sync, CPU-seconds\n")
    print(
        "| changed rows | share | " + " | ".join(f"{t}, s | CPU-s" for t in TITLES.values()) + " |"
    )
    print("|--:|--:|" + "--:|--:|" * len(TITLES))
    for changed in SHARE_ROWS:
        cells = []
        for name in TITLES:
            of = [
                run
                for run in measured["shares"]
                if (run["read"], run["changed"]) == (name, changed)
            ]
            cells += [f"{statistics.median(run[f] for run in of):.2f}" for f in ("sync_s", "cpu_s")]
        print(f"| {changed:>12,} | {changed / total:.2%} | " + " | ".join(cells) + " |")
