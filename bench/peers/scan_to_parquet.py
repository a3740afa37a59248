"""Writes `flights` into a Parquet file by the Arrow stream of the Python package.

    scan_to_parquet.py CONFIGURATION.json FILE

As it is read, a batch after the other; pyarrow compresses with Snappy, as Spark does.
"""

import json
import pathlib
import sys

import pyarrow
import pyarrow.parquet
import ringsync


def main() -> None:
    configuration, file = map(pathlib.Path, sys.argv[1:])
    scan = ringsync.scan(json.loads(configuration.read_text()), "flights")
    batches = pyarrow.RecordBatchReader.from_stream(scan)
    with pyarrow.parquet.ParquetWriter(file, batches.schema) as writer:
        for batch in batches:
            writer.write_batch(batch)


if __name__ == "__main__":
    main()
