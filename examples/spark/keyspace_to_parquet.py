"""A keyspace into Parquet, up to date: keyspace_to_parquet.py CONFIGURATION TARGET."""

import json
import logging
import sys

import ringsync
from pyspark.sql import SparkSession
from ringsync.spark import snapshot, sync


def main(configuration_file: str, target: str) -> int:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    with open(configuration_file, encoding="utf-8") as file:
        configuration = json.load(file)
    spark = SparkSession.builder.appName("keyspace to Parquet").getOrCreate()
    try:
        for table in sync(spark, configuration, target):
            live = snapshot(spark, target, table.table).where("not _fivetran_deleted").count()
            print(f"{table.table}: {table.run}, {table.rows_read} rows read, {live} there now")
    except ringsync.RingsyncError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        spark.stop()
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
