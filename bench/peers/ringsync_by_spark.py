"""A job for Spark: Ringsync's data source reads `flights`, Spark writes it as Parquet.

spark-submit … ringsync_by_spark.py CONFIGURATION.json FOLDER
"""

import json
import pathlib
import sys

from pyspark.sql import SparkSession
from ringsync.spark import RingsyncDataSource


def main() -> None:
    configuration, folder = sys.argv[1:]
    spark = SparkSession.builder.getOrCreate()
    spark.dataSource.register(RingsyncDataSource)
    options = json.loads(pathlib.Path(configuration).read_text())
    spark.read.format("ringsync").options(**options).load("flights").write.parquet(folder)
    spark.stop()


if __name__ == "__main__":
    main()
