"""A Spark cluster on this machine, as the tests at size use it: a driver, two executors that are
processes of their own, with a core and a gigabyte each. As a program it is a stream's query, for a
test that kills it:

    spark_cluster.py OPTIONS.json TABLE FOLDER

writes each micro-batch of what there is to FOLDER/batch=NUMBER and ends.
"""

import json
import os
import pathlib
import sys

import pyspark
import spark_on_loopback
from pyspark.sql import DataFrame, SparkSession
from ringsync.spark import RingsyncDataSource

EXECUTORS = 2
_SETTINGS = {
    "spark.executor.memory": "1g",
    "spark.sql.shuffle.partitions": "4",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",  # that says it is of UTC
}


def make_home(folder: pathlib.Path) -> pathlib.Path:
    """Spark's installation by links: executors write their logs into it."""
    folder.mkdir()
    for entry in pathlib.Path(pyspark.__file__).parent.iterdir():
        (folder / entry.name).symlink_to(entry)
    return folder


def environment(home: pathlib.Path) -> dict[str, str]:
    """What executors, whose working folders are their own, find Python's packages by."""
    paths = [str(pathlib.Path(path).resolve()) for path in sys.path if path]
    return {
        "SPARK_HOME": str(home),
        "PYSPARK_PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join(paths),
    }


def cluster_session() -> SparkSession:
    """In a process with the environment above."""
    session = spark_on_loopback.start(f"local-cluster[{EXECUTORS},1,1024]", _SETTINGS)
    session.dataSource.register(RingsyncDataSource)
    return session


def processes_below(pid: int, word: str) -> list[int]:
    """Those that descend from `pid` and have the word in their command lines."""
    parents, words = {}, {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text().rpartition(")")[2].split()
            words[int(folder.name)] = (folder / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue  # it has just ended
        parents[int(folder.name)] = int(status[1])

    def is_below(child: int) -> bool:
        while (child := parents.get(child, 0)) > 1:
            if child == pid:
                return True
        return False

    return [each for each in words if word in words[each].split("\0") and is_below(each)]


def _stream(options: dict[str, str], table: str, folder: pathlib.Path) -> None:
    def write(rows: DataFrame, number: int) -> None:
        rows.write.mode("overwrite").parquet(str(folder / f"batch={number}"))

    spark = cluster_session()
    query = (
        spark.readStream.format("ringsync")
        .options(**options)
        .load(table)
        .writeStream.foreachBatch(write)
        .option("checkpointLocation", str(folder / "checkpoint"))
        .trigger(availableNow=True)
        .start()
    )
    query.awaitTermination()
    spark.stop()


if __name__ == "__main__":
    _stream(
        json.loads(pathlib.Path(sys.argv[1]).read_text()), sys.argv[2], pathlib.Path(sys.argv[3])
    )
