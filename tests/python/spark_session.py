"""Spark in this process and two threads, as the tests of the data source and of the job have it."""

import os
from collections.abc import Iterator, Mapping

import spark_on_loopback
from pyspark.sql import SparkSession

HOST_VARIABLE = "RINGSYNC_TEST_HOST"


def local_spark(settings: Mapping[str, str]) -> Iterator[SparkSession]:
    os.environ[HOST_VARIABLE] = "127.0.0.1"  # of Spark's own processes
    shuffles = {"spark.sql.shuffle.partitions": "2"}
    session = spark_on_loopback.start("local[2]", shuffles | settings)
    yield session
    session.stop()
