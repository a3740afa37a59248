"""What a destination's own library takes to write `flights`, which lie in memory as Arrow batches.

    library_alone.py FILE LIBRARY TARGET [DRIVER]      prints the figures as JSON

FILE is a DuckDB file that `ringsync sync` has written; the rows are read from it before anything is
measured. LIBRARY is duckdb (TARGET a file), parquet (TARGET a file) or postgresql (TARGET a URI,
DRIVER the driver that Ringsync has too).
"""

import json
import resource
import sys
import time

import adbc_driver_manager.dbapi
import duckdb
import pyarrow
import pyarrow.parquet

BATCH_ROWS = 5000  # the default of page_size


def main() -> None:
    file, library, target, *driver = sys.argv[1:]
    table, definition = flights_of(file)
    batches = table.to_batches(max_chunksize=BATCH_ROWS)
    reader = pyarrow.RecordBatchReader.from_batches(table.schema, batches)
    started, cpu_before = time.monotonic(), cpu_s()
    match library:
        case "duckdb":
            into_duckdb(target, definition, reader)
        case "parquet":
            into_parquet(target, reader)
        case "postgresql":
            into_postgresql(driver[0], target, reader)
        case _:
            raise SystemExit(f"{library}: no such library")
    taken = {"wall_s": time.monotonic() - started, "cpu_s": cpu_s() - cpu_before}
    print(json.dumps({"rows": table.num_rows, **taken}))


def flights_of(file: str) -> tuple[pyarrow.Table, str]:
    """The rows, and the statement that makes their table."""
    with duckdb.connect(file, read_only=True) as warehouse:
        schema, definition = warehouse.execute(
            "SELECT schema_name, sql FROM duckdb_tables() WHERE table_name = 'flights'"
        ).fetchone()
        table = warehouse.execute(f"FROM {schema}.flights").fetch_arrow_table()
        return table, f"CREATE SCHEMA {schema}; {definition}"


def cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def into_duckdb(file: str, definition: str, reader: pyarrow.RecordBatchReader) -> None:
    with duckdb.connect(file) as warehouse:
        warehouse.execute(definition)
        schema = warehouse.execute(
            "SELECT schema_name FROM duckdb_tables() WHERE table_name = 'flights'"
        ).fetchone()[0]
        warehouse.register("arrived", reader)
        warehouse.execute(f"INSERT INTO {schema}.flights FROM arrived")


def into_parquet(file: str, reader: pyarrow.RecordBatchReader) -> None:
    with pyarrow.parquet.ParquetWriter(file, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)


def into_postgresql(driver: str, uri: str, reader: pyarrow.RecordBatchReader) -> None:
    with (
        adbc_driver_manager.dbapi.connect(driver=driver, db_kwargs={"uri": uri}) as connection,
        connection.cursor() as cursor,
    ):
        cursor.adbc_ingest("flights", reader, mode="create")
        connection.commit()


if __name__ == "__main__":
    main()
