"""Spark writes a table as Parquet: read by Ringsync's data source, and by the Spark Cassandra
connector on the newest Spark that it is made for. Both on this machine with as many tasks at once
as it has cores, at two sizes, alternated; without Spark's start where the two are compared."""

import functools
import os
import pathlib
import subprocess
import sys
import tempfile

import peer_programs
import peers
from first_load import best_drain
from harness import DATA, ROOT, drain, load_flights, spread
from peer_programs import Source

OURS, PEER = "ringsync on Spark", "Spark connector"
WITHOUT_SPARK, FROM_PARQUET = "→ Parquet, without Spark", "Spark, from Parquet to Parquet"


def measure(node: dict, copies: int, rounds: int, quick: bool) -> dict:
    for goal in ("peers", "spark"):
        subprocess.run([ROOT / "tools" / "setup.sh", goal], stdout=sys.stderr, check=True)
    keyspaces = {1: "nyc", copies: f"nyc{copies}"}
    for count, keyspace in keyspaces.items():
        load_flights(keyspace, count)
    peers.drop_vectors(node)
    setting = best_drain(node, keyspaces[copies], quick)
    files = {count: DATA / f"spark_{count}x.parquet" for count in keyspaces}
    contenders = {
        "drain": lambda source, _: drain(source.node, source.keyspace, setting),
        WITHOUT_SPARK: peer_programs.ringsync_to_parquet,
        FROM_PARQUET: functools.partial(peer_programs.spark_alone, files),
        OURS: peer_programs.ringsync_by_spark,
        PEER: peer_programs.spark,
    }
    runs = []
    with peers.requests_counter(node) as requests:
        sources = [
            Source(node, keyspace, count, 0, functools.partial(requests, keyspace))
            for count, keyspace in keyspaces.items()
        ]
        for source in sources:
            with tempfile.TemporaryDirectory(dir=DATA) as folder:
                peer_programs.ringsync_to_parquet(source, pathlib.Path(folder))
                pathlib.Path(folder, "flights.parquet").replace(files[source.copies])
        for number in range(rounds):
            order = list(contenders) if number % 2 == 0 else list(reversed(contenders))
            for source in sources:
                for name in order:
                    runs.append({"round": number, **peers.run(name, contenders[name], source)})
    return {"drain": setting, "copies": copies, "runs": runs}


def report(measured: dict) -> None:
    runs, copies = measured["runs"], measured["copies"]
    print(f"\nSpark writes Parquet, local[{os.cpu_count()}], and `→ Parquet` without Spark\n")
    print("| flights | contender | rows/s | CPU-s/M rows | VmHWM MiB | all processes, MiB |")
    print("|--:|:--|--:|--:|--:|--:|")
    for size in (1, copies):
        for name in peers.names(runs):
            of = peers.chosen(runs, name, size)
            print(f"| {size}x | {name} | {spread(of, 'rows_s', ',.0f')} |"
                  f" {spread(of, 'cpu_s_per_million', '.2f')} |"
                  f" {max(run['peak_mib'] for run in of):.0f} | {most_of_all(of)} |")  # fmt: skip
    peers.report_running(runs)
    print("\n| ringsync on Spark, of the connector's | |\n|:--|--:|")
    for told, figure in (("rows/s", "rows_s"), ("CPU a row", "cpu_s_per_million")):
        for when, of in (
            (f"{copies}x", functools.partial(peers.chosen, copies=copies)),
            ("once running", peers.running),
        ):
            ours, peer = (peers.median(of(runs, name), figure) for name in (OURS, PEER))
            print(f"| {told}, {when} | {ours / peer:.2f} |")


def most_of_all(of: list[dict]) -> str:
    sizes = [run["peak_of_all_mib"] for run in of if "peak_of_all_mib" in run]
    return f"{max(sizes):.0f}" if sizes else "-"
