"""A job for Spark: the Spark Cassandra connector reads `flights`, Spark writes it as Parquet.

    spark-submit … spark_to_parquet.py KEYSPACE FOLDER

Where the cluster is, and all settings, are options of spark-submit.
"""

import sys

from pyspark.sql import SparkSession


def main() -> None:
    keyspace, folder = sys.argv[1:]
    spark = SparkSession.builder.getOrCreate()
    source = spark.read.format("org.apache.spark.sql.cassandra")
    source.options(keyspace=keyspace, table="flights").load().write.parquet(folder)
    spark.stop()


if __name__ == "__main__":
    main()
