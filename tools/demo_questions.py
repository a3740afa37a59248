#!/usr/bin/env python3
"""Asks the demo's DuckDB file: `late` (which airlines are late most) or `travelled` (what the last
sync brought)."""

import argparse

import duckdb

LATE = """
    SELECT a.name AS airline, count(*) AS flights,
           round(100 * avg((f.arr_delay > 15)::INT), 1) AS late_percent,
           round(avg(f.arr_delay), 1) AS mean_delay_minutes
    FROM nyc.flights f JOIN nyc.airlines a USING (carrier)
    WHERE f.arr_delay IS NOT NULL AND NOT f._fivetran_deleted
    GROUP BY ALL HAVING count(*) > 1000 ORDER BY late_percent DESC LIMIT 5
"""

TRAVELLED = """
    SELECT '{table}' AS "table", count(*) FILTER (NOT _fivetran_deleted) AS rows_live,
           count(*) FILTER (NOT _fivetran_deleted AND _fivetran_synced >= last.began)
               AS rows_travelled,
           count(*) FILTER (_fivetran_deleted) AS rows_deleted
    FROM nyc.{table}, (SELECT min(_fivetran_synced) AS began FROM nyc.airlines) AS last
"""

TABLES = ("flights", "weather", "airlines", "airports", "planes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("question", choices=("late", "travelled"))
    parser.add_argument("database")
    arguments = parser.parse_args()
    with duckdb.connect(arguments.database, read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        if arguments.question == "late":
            print(connection.sql(LATE))
            return
        # A table without updated_at is read anew by each sync: its oldest row tells the start.
        print(connection.sql(" UNION ALL ".join(TRAVELLED.format(table=t) for t in TABLES)))
        print(connection.sql("SELECT faa, name FROM nyc.airports WHERE _fivetran_deleted"))


if __name__ == "__main__":
    main()
