"""The command `ringsync` of the Python package: a whole keyspace into Parquet or Iceberg by Spark.
Everything else is the program's (README.md of the project).

    ringsync spark-sync --configuration configuration.json --target s3a://lake/shop
    spark-submit … ringsync/__main__.py spark-sync …

(the file of the installed package).
"""

import argparse
import json
import logging
import os
import pathlib
import sys
from collections.abc import Sequence
from typing import Any

from ringsync import __version__
from ringsync.errors import (
    ConfigurationError,
    DestinationError,
    RingsyncError,
    SourceError,
    StateError,
    TableError,
)

# As the program's (docs/errors.md).
_EXIT_CODES = {
    TableError: 1,
    ConfigurationError: 2,
    SourceError: 3,
    DestinationError: 4,
    StateError: 5,
}
_DEFECT, _INTERRUPTED = 70, 130


def _add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--configuration",
        metavar="FILE",
        default="configuration.json",
        type=pathlib.Path,
        help="the configuration (default: configuration.json)",
    )
    add(
        "--target",
        metavar="PATH",
        required=True,
        help="a folder by any path that Spark's Hadoop takes, as /data/shop or s3a://lake/shop;"
        " of Iceberg, a catalog of the session's and a namespace, as lake.shop",
    )
    add(
        "--format",
        choices=("parquet", "iceberg"),
        default="parquet",
        help="what is written (default: parquet)",
    )
    add(
        "--table",
        metavar="NAME",
        action="append",
        help="bring this table only; may be repeated, * stands for any characters",
    )
    add(
        "--resync",
        metavar="NAME",
        action="append",
        default=[],
        help="read this table anew, deletions included; may be repeated, as --table",
    )
    add(
        "--hand-over",
        metavar="FOLDER",
        type=pathlib.Path,
        help="of Parquet: then write state.json and load.sql there, by which the program goes on in"
        " DuckDB",
    )
    add(
        "--former-snapshots",
        metavar="N",
        type=int,
        help="of Parquet: how many earlier snapshots stay for those who read them (default: 1)",
    )
    add(
        "--partition-mib",
        metavar="N",
        type=int,
        help="about what a task is to read, in MiB as the cluster sends it (default: 64)",
    )
    add("--min-partitions", metavar="N", type=int, help="at least so many tasks a table")
    add(
        "--concurrent-tasks",
        metavar="N",
        type=int,
        help="tasks that run at once at most, who share max_rows_per_second",
    )
    add("--master", metavar="URL", help="where Spark runs; not under spark-submit, which says it")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ringsync",
        description="The command of Ringsync's Python package. sync, serve, plan and the others are"
        " the program's, which has the same name.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    sync = commands.add_parser(
        "spark-sync",
        help="bring a whole keyspace into Parquet or Iceberg by Apache Spark",
        description="Brings the files or tables of TARGET up to date with a keyspace: all of it the"
        " first time, afterwards what has changed. Under spark-submit it runs on that cluster,"
        " else on this machine.",
        epilog="Exit codes: 0 done, 1 a table failed and the others are done, 2 configuration or"
        " command line, 3 source, 4 target, 5 saved state, 70 a defect, 130 interrupted.",
    )
    _add_options(sync)
    return parser


def _configuration(path: pathlib.Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError("config", f"{path}: {error.strerror}") from None
    except ValueError:
        raise ConfigurationError("config", f"{path}: it is no JSON in UTF-8") from None
    if not isinstance(found, dict):
        raise ConfigurationError("config", f"{path}: it is no JSON object")
    return found


def _write_hand_over(folder: pathlib.Path, state: str, duckdb_sql: str) -> None:
    """The state is as confidential as the tables."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in (("state.json", state), ("load.sql", duckdb_sql)):
            path = folder / name
            path.unlink(missing_ok=True)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(text.encode())
    except OSError as error:
        raise ConfigurationError("output", f"{error.filename}: {error.strerror}") from None


def _spark_sync(asked: argparse.Namespace) -> None:
    configuration = _configuration(asked.configuration)
    if asked.hand_over and asked.format != "parquet":
        raise ConfigurationError("usage", "--hand-over: only what is in Parquet is handed over")
    try:
        from pyspark.sql import SparkSession

        from ringsync.spark import hand_over, sync
    except ImportError as error:
        raise ConfigurationError(
            "usage", f'{error.name} is not installed; install the package as "ringsync[spark]"'
        ) from None
    builder = SparkSession.builder.appName("ringsync spark-sync")
    try:
        spark = (builder.master(asked.master) if asked.master else builder).getOrCreate()
    except Exception as error:
        told = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConfigurationError("usage", f"Spark does not start: {told}") from None
    try:
        sync(
            spark,
            configuration,
            asked.target,
            tables=asked.table,
            resync=asked.resync,
            table_format=asked.format,
            former_snapshots=asked.former_snapshots,
            partition_mib=asked.partition_mib,
            min_partitions=asked.min_partitions,
            concurrent_tasks=asked.concurrent_tasks,
        )
        if asked.hand_over:
            handed = hand_over(spark, asked.target)
            _write_hand_over(asked.hand_over, handed.state, handed.duckdb_sql)
    finally:
        spark.stop()


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("ringsync").setLevel(logging.INFO)
    try:
        _spark_sync(asked)
    except KeyboardInterrupt:
        print("ringsync: interrupted; the next run reads the table anew", file=sys.stderr)
        return _INTERRUPTED
    except RingsyncError as error:
        print(f"ringsync: {error}", file=sys.stderr)
        return next(
            (code for kind, code in _EXIT_CODES.items() if isinstance(error, kind)), _DEFECT
        )
    except Exception as error:
        kind = type(error).__name__
        told = f"error[internal]: ended by {kind}; its text may hold data and is not shown"
        print(f"ringsync: {told}", file=sys.stderr)
        return _DEFECT
    return 0


if __name__ == "__main__":
    sys.exit(main())
