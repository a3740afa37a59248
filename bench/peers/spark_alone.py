"""A job for Spark: what it takes to write `flights` as Parquet where reading is as good as free.

spark-submit … spark_alone.py FILE.parquet FOLDER
"""

import sys

from pyspark.sql import SparkSession


def main() -> None:
    file, folder = sys.argv[1:]
    spark = SparkSession.builder.getOrCreate()
    spark.read.parquet(file).write.parquet(folder)
    spark.stop()


if __name__ == "__main__":
    main()
