"""Syncs of tables that lie in memory: what the client takes where no server does. Shapes and
destinations, columns, rows, checkpoints, and upserts into tables that grow."""

import json
import pathlib
import statistics
import subprocess
import tempfile

from harness import BUILD, DATA, say

SHAPES = {  # rows of each
    "flights": 2_000_000,
    "narrow": 8_000_000,
    "wide": 100_000,
    "scalars": 500_000,
    "nested": 500_000,
    "sparse": 500_000,
    "large_cells": 20_000,
}
COLUMNS = {  # shape -> columns: of the same types, so many that all have CELLS cells
    "columns_5": 5,
    "columns_20": 20,
    "columns_50": 50,
    "columns_100": 100,
    "wide": 200,
}
CELLS = 20_000_000
DESTINATIONS = ("null:", "fivetran:", "duckdb:")
MILLIONS = (1, 4, 16)
CHECKPOINTS = (1_000, 10_000, 100_000)
CHANGED = 0.1

Run = dict[str, object]


def measure(rounds: int, quick: bool, seed: int) -> dict:
    """Every round runs each sync once; every second one backwards."""
    settings = list(all_settings(MILLIONS[:2] if quick else MILLIONS))
    runs = []
    for number in range(rounds):
        for setting in settings if number % 2 == 0 else reversed(settings):
            for line in replay(seed, **setting):
                runs.append({**line, **setting, "columns": COLUMNS.get(setting.get("shape")),
                             "round": number})  # fmt: skip
                say(f"round {number + 1}, {setting}: {line['cpu_s_per_million']:.3f} CPU-s/M")
    return {"seed": seed, "runs": runs}


def all_settings(millions: tuple[int, ...]):
    for shape, rows in SHAPES.items():
        for to in DESTINATIONS:
            yield {"curve": "shapes", "shape": shape, "rows": rows, "to": to}
    for shape, columns in COLUMNS.items():
        for to in DESTINATIONS:
            yield {"curve": "columns", "shape": shape, "rows": CELLS // columns, "to": to}
    for million in millions:
        for to in DESTINATIONS:
            changed = CHANGED if to == "duckdb:" else 0
            yield {"curve": "rows", "rows": million * 1_000_000, "to": to, "changed": changed}
    for interval in CHECKPOINTS:
        for to in DESTINATIONS[1:]:
            yield {"curve": "checkpoints", "rows": 2_000_000, "to": to, "interval": interval}


def replay(
    seed: int,
    curve: str,
    rows: int,
    to: str,
    shape: str = "flights",
    changed: float = 0,
    interval: int = 1000,
) -> list[Run]:
    """The lines of the program `replay`."""
    del curve  # whose point it is
    with tempfile.TemporaryDirectory(dir=DATA) as folder:
        place = to + str(pathlib.Path(folder) / "replay.db") if to == "duckdb:" else to
        done = subprocess.run(
            [BUILD / "replay", "--shape", shape, "--rows", str(rows), "--to", place,
             "--seed", str(seed), "--driver", BUILD / "libduckdb.so", "--changed", str(changed),
             "--checkpoint-interval", str(interval)],
            stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    wanted = [rows, round(rows * changed)][: 2 if changed else 1]
    for line, least in zip(lines, wanted, strict=True):
        if abs(line["rows"] - least) > 1:
            raise SystemExit(f"replay of {shape} to {to}: {line['rows']} rows, not {least}")
    return lines


def report(measured: dict) -> None:
    runs = measured["runs"]

    def figure(key: str, curve: str, sync="first", **where: object) -> float:
        of = [
            run[key]
            for run in runs
            if run["curve"] == curve
            and run["sync"] == sync
            and all(run[name] == value for name, value in where.items())
        ]
        return statistics.median(of)

    print(f"\nRows in memory (seed {measured['seed']}): CPU-seconds per million rows"
          " (MB of pages a CPU-second)\n")  # fmt: skip
    print(f"| {'shape':<12} | bytes a row |" + "".join(f" → {to:<20} |" for to in DESTINATIONS))
    print("|:--|--:|" + "--:|" * len(DESTINATIONS))
    for shape, rows in SHAPES.items():
        size = figure("page_bytes", "shapes", shape=shape, to="null:") / rows
        cells = [figure("cpu_s_per_million", "shapes", shape=shape, to=to) for to in DESTINATIONS]
        shown = "".join(f" {cell:>9.3f} ({size / cell:>9,.0f}) |" for cell in cells)
        print(f"| {shape:<12} | {size:>11,.0f} |{shown}")
    print("\nCPU-seconds per million cells, by columns of the same types\n")
    print("| columns |" + "".join(f" → {to:<10} |" for to in DESTINATIONS))
    print("|--:|" + "--:|" * len(DESTINATIONS))
    for shape, columns in COLUMNS.items():
        cells = [
            figure("cpu_s_per_million", "columns", shape=shape, to=to) / columns
            for to in DESTINATIONS
        ]
        print(f"| {columns:>7} |" + "".join(f" {cell:>12.4f} |" for cell in cells))
    print("\nFlights, CPU-seconds per million rows\n")
    print("| rows | → null: | → fivetran: | → duckdb: | a tenth upserted | of the first load's |")
    print("|--:|--:|--:|--:|--:|--:|")
    for rows in sorted({run["rows"] for run in runs if run["curve"] == "rows"}):
        cells = [figure("cpu_s_per_million", "rows", rows=rows, to=to) for to in DESTINATIONS]
        upserts = figure("cpu_s_per_million", "rows", "incremental", rows=rows, to="duckdb:")
        print(
            f"| {rows:>10,} | "
            + " | ".join(f"{cell:.3f}" for cell in (*cells, upserts))
            + f" | {upserts / cells[-1]:.2f} |"
        )
    print("\nTwo million flights, CPU-seconds per million rows\n")
    print("| rows a checkpoint | → fivetran: | → duckdb: |")
    print("|--:|--:|--:|")
    for interval in CHECKPOINTS:
        cells = [
            figure("cpu_s_per_million", "checkpoints", interval=interval, to=to)
            for to in DESTINATIONS[1:]
        ]
        print(f"| {interval:>9,} | " + " | ".join(f"{cell:.3f}" for cell in cells) + " |")
