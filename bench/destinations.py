"""First loads beside what each destination's own library takes for the same rows, which it finds in
memory as Arrow batches: the least that any program can have which writes by that library."""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

import peer_programs
from harness import DATA, FLIGHTS_ROWS, ROOT, load_flights, say, spread, sync
from peer_programs import Source

PYTHON = ROOT / ".deps" / "adbc" / "bin" / "python"
POSTGRESQL_DRIVER = ROOT / ".deps" / "adbc_driver_postgresql" / "libadbc_driver_postgresql.so"
DESTINATIONS = ("DuckDB", "PostgreSQL", "Parquet")


def measure(node: dict, copies: int, rounds: int) -> dict:
    subprocess.run([ROOT / "tools" / "setup.sh", "destinations"], stdout=sys.stderr, check=True)
    keyspace = f"nyc{copies}"
    load_flights(keyspace, copies)
    source = Source(node, keyspace, copies, 0, lambda: 0)
    runs = []
    with (
        peer_programs.postgresql_server() as server,
        tempfile.TemporaryDirectory(dir=DATA) as folder,
    ):
        rows = pathlib.Path(folder)
        sync(node, keyspace, f"duckdb:{rows / 'rows.db'}", rows)
        contenders = named(server, rows / "rows.db")
        for number in range(rounds):
            order = list(contenders) if number % 2 == 0 else list(reversed(contenders))
            for name in order:
                with tempfile.TemporaryDirectory(dir=DATA) as made:
                    got = contenders[name](source, pathlib.Path(made))
                if got["rows"] != source.rows:
                    raise SystemExit(f"{name} brought {got['rows']} rows of {source.rows}")
                per_million = got["cpu_s"] / source.rows * 1e6
                runs.append({"contender": name, "round": number, "cpu_s_per_million": per_million})
                say(f"round {number + 1}, {name}: {per_million:.2f} CPU-s/M")
    return {"copies": copies, "runs": runs}


def named(server: dict, file: pathlib.Path) -> dict:
    return {
        "→ null": peer_programs.ringsync_to_null,
        "→ DuckDB": peer_programs.ringsync_to_duckdb,
        "→ PostgreSQL": lambda source, made: peer_programs.ringsync_to_postgresql(
            server, source, made
        ),
        "→ Parquet": peer_programs.ringsync_to_parquet,
        "DuckDB alone": lambda _, made: alone(file, "duckdb", made / "alone.db"),
        "PostgreSQL alone": lambda _source, _made: postgresql_alone(server, file),
        "Parquet alone": lambda _, made: alone(file, "parquet", made / "alone.parquet"),
    }


def postgresql_alone(server: dict, file: pathlib.Path) -> dict:
    with peer_programs.new_database(server) as uri:
        return alone(file, "postgresql", uri, POSTGRESQL_DRIVER)


def alone(file: pathlib.Path, library: str, *target: object) -> dict:
    command = [PYTHON, ROOT / "bench" / "library_alone.py", file, library, *map(str, target)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{library} alone: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


def report(measured: dict) -> None:
    runs = measured["runs"]
    flights = measured["copies"] * FLIGHTS_ROWS
    print(f"\nWhat destinations' own libraries take of first loads of {flights:,} flights\n")
    print("| destination | Ringsync, CPU-s/M rows | the library alone | of Ringsync's |")
    print("|:--|--:|--:|--:|")
    for name in DESTINATIONS:
        whole, library = chosen(runs, f"→ {name}"), chosen(runs, f"{name} alone")
        print(f"| {name:<10} | {spread(whole, 'cpu_s_per_million', '.2f')} |"
              f" {spread(library, 'cpu_s_per_million', '.2f')} |"
              f" {median(library) / median(whole):.2f} |")  # fmt: skip
    reading = spread(chosen(runs, "→ null"), "cpu_s_per_million", ".2f")
    print(f"\n→ null, which is reading alone: {reading}")


def chosen(runs: list[dict], name: str) -> list[dict]:
    return [run for run in runs if run["contender"] == name]


def median(runs: list[dict]) -> float:
    return statistics.median(run["cpu_s_per_million"] for run in runs)
