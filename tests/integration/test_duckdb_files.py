"""DuckDB files are opened by the newest DuckDB too."""

import json
import os
import subprocess
import sys

import duckdb
import pytest
from conftest import REPOSITORY

NEWEST = REPOSITORY / ".deps" / "newest_duckdb"
READ = """
import duckdb, json, sys
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    rows = connection.execute(sys.argv[2]).fetchall()
print(json.dumps({"version": duckdb.__version__, "rows": rows}, default=str))
"""

pytestmark = pytest.mark.sanitized


@pytest.mark.parametrize("nested_types", ["json", "native"])
@pytest.mark.timeout(120)
def test_the_newest_duckdb_reads_a_file_as_the_shipped_one_does(
    ringsync, config, keyspace, session, tmp_path, nested_types
):
    session.execute(
        f"CREATE TABLE {keyspace}.things (id uuid PRIMARY KEY, tags set<text>, at timestamp,"
        " day date, clock time, data blob, places map<text, frozen<list<int>>>, total varint)"
    )
    for number in range(50):
        session.execute(
            f"INSERT INTO {keyspace}.things (id, tags, at, day, clock, data, places, total) VALUES"
            f" (uuid(), {{'a', 'b{number}'}}, '2024-02-29T12:00:00.123Z', '1999-12-31',"
            f" '23:59:59.999999999', 0x00ff, {{'x': [1, {number}]}}, {number}00000000000000000000)"
        )
    database = tmp_path / "warehouse.db"
    configuration = config(keyspace, nested_types=nested_types)
    done = ringsync.run("sync", "--configuration", configuration, "--to", f"duckdb:{database}")
    assert done.returncode == 0, done.stderr

    query = f'SELECT COLUMNS(*)::VARCHAR FROM "{keyspace}".things ORDER BY id'
    answer = subprocess.run(
        [sys.executable, "-c", READ, database, query],
        env={**os.environ, "PYTHONPATH": str(NEWEST)}, capture_output=True, text=True,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    newest = json.loads(answer.stdout)
    assert newest["version"] > duckdb.__version__, "it is not a newer one"
    with duckdb.connect(str(database), read_only=True) as connection:
        wanted = connection.execute(query).fetchall()
    assert len(wanted) == 50
    assert [tuple(row) for row in newest["rows"]] == wanted
