#!/usr/bin/env python3
"""What a table in very many partitions takes of Spark's driver: memory and time of planning, bytes
of a partition, and what each task leaves in the driver's heap.

    tools/build_python.sh
    PYTHONPATH=build/python/package:.deps/spark .venv/bin/python3 bench/spark_driver.py \\
        --node NODE.json --keyspace KEYSPACE [--partitions 1000 10000 100000] [--tasks 2000]

NODE.json is what `cassandra.py start` printed; the keyspace holds the flights (tools/nyc.py).
Prints lines of JSON. Heap is what is left after a collection.
"""

import argparse
import json
import pathlib
import sys
import time
from collections.abc import Iterator

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))

import cql_session  # noqa: E402
import spark_on_loopback  # noqa: E402
from harness import cluster  # noqa: E402
from pyspark.serializers import CPickleSerializer  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402
from ringsync.spark import RingsyncDataSource  # noqa: E402

TABLE = "flights"


def session() -> SparkSession:
    spark = spark_on_loopback.start("local[2]", {"spark.driver.memory": "4g"})
    spark.dataSource.register(RingsyncDataSource)
    return spark


def heap_mib(spark: SparkSession) -> float:
    runtime = spark._jvm.java.lang.Runtime.getRuntime()
    for _ in range(3):
        spark._jvm.java.lang.System.gc()
        time.sleep(0.5)
    return (runtime.totalMemory() - runtime.freeMemory()) / 2**20


def own_kib(name: str) -> int:
    status = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith(name))


def planned_here(options: dict[str, str], count: int) -> dict:
    """As the driver's Python plans: partitions, and the bytes that Spark keeps of each."""
    source = RingsyncDataSource({**options, "path": TABLE, "min_partitions": str(count)})
    reader = source.reader(source.schema())
    before_kib, cpu, began = own_kib("VmRSS"), time.process_time(), time.monotonic()
    parts = reader.partitions()
    pickled = [len(CPickleSerializer().dumps(part)) for part in parts]
    return {
        "partitions": len(parts),
        "plan_s": round(time.monotonic() - began, 2),
        "plan_cpu_s": round(time.process_time() - cpu, 2),
        "pickled_bytes_each": round(sum(pickled) / len(pickled), 1),
        "python_mib": round((own_kib("VmRSS") - before_kib) / 1024, 1),
    }


def measured(spark: SparkSession, options: dict[str, str], wish: argparse.Namespace) -> Iterator:
    def frame(count: int):
        given = {**options, "min_partitions": str(count)}
        return spark.read.format("ringsync").options(**given).load(TABLE)

    frame(2)._jdf.queryExecution().toRdd().getNumPartitions()  # what is loaded once
    for count in wish.partitions:
        before = heap_mib(spark)
        planned = frame(count)._jdf.queryExecution().toRdd()
        partitions = planned.getNumPartitions()
        told = planned_here(options, count)
        assert partitions == told["partitions"] == count
        yield {**told, "heap_mib": round(heap_mib(spark) - before, 1)}
        del planned
    frame(wish.tasks).selectExpr("1").count()
    before = heap_mib(spark)
    began = time.monotonic()
    rows = frame(wish.tasks).selectExpr("1").count()
    yield {
        "tasks": wish.tasks,
        "rows": rows,
        "seconds": round(time.monotonic() - began, 1),
        "heap_kib_each": round((heap_mib(spark) - before) * 1024 / wish.tasks, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--node", type=pathlib.Path, required=True)
    parser.add_argument("--keyspace", required=True)
    parser.add_argument("--partitions", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--tasks", type=int, default=2000)
    wish = parser.parse_args()
    keys = cluster(cql_session.read_node(wish.node), wish.keyspace)
    spark = session()
    try:
        for told in measured(spark, {name: str(value) for name, value in keys.items()}, wish):
            print(json.dumps(told), flush=True)
    finally:
        spark.stop()


if __name__ == "__main__":
    main()
