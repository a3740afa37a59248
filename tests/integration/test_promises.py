"""What the document that this product started from promises; docs/promises.md maps each promise to
its test, here or in another file. Each runs the built program against a real Cassandra.
"""

import contextlib
import json
import os
import pathlib
import re
import select
import signal
import socket
import time

import duckdb
import pytest

USAGE, SOURCE = 2, 3
pytestmark = [pytest.mark.sanitized, pytest.mark.every_version]
REQUIRED = ["host_1", "username", "password", "data_center_region", "keyspace"]
UNROUTABLE = "192.0.2.1"  # RFC 5737


def sync(ringsync, configuration, database, *more, expect=0, timezone=None):
    """Runs a sync and returns each table's part of its summary, by name."""
    environment = {**os.environ, **({"TZ": timezone} if timezone else {})}
    summary = database.parent / "summary.json"
    done = ringsync.run(
        "sync", "--configuration", configuration, "--to", f"duckdb:{database}",
        "--summary-json", summary, *more, env=environment,
    )  # fmt: skip
    assert done.returncode == expect, done.stderr + done.stdout
    return {table["name"]: table for table in json.loads(summary.read_text())["tables"]}


def rows_of(database, keyspace, table, columns="*", where="NOT _fivetran_deleted"):
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(
            f'SELECT {columns} FROM "{keyspace}"."{table}" WHERE {where} ORDER BY ALL'
        ).fetchall()


@contextlib.contextmanager
def listening():
    """A port that takes connections and never answers; also tells whether any came."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1], lambda: bool(select.select([server], [], [], 0)[0])


@pytest.mark.timeout(60)
@pytest.mark.parametrize("key", REQUIRED)
@pytest.mark.parametrize("absence", ["missing", "empty", "null"])
def test_a_required_field_is_validated_before_anything_is_sent(
    ringsync, config, tmp_path, key, absence
):
    with listening() as (port, was_asked):
        values = {"host_1": "127.0.0.1", "host_2": UNROUTABLE, "port": str(port)}
        if absence != "missing":
            values[key] = "" if absence == "empty" else None
        omit = [key] if absence == "missing" else []
        configuration = config(values.pop("keyspace", "shop"), omit=omit, **values)
        for command in (["check"], ["sync", "--to", f"duckdb:{tmp_path / 'w.db'}"]):
            started = time.monotonic()
            done = ringsync.run(command[0], "--configuration", configuration, *command[1:])
            assert time.monotonic() - started < 5, "it waited for a host"
            assert done.returncode == USAGE
            assert key in done.stderr
        assert not was_asked()
    assert not (tmp_path / "w.db").exists()


@pytest.mark.timeout(60)
def test_with_an_unroutable_host_every_mistake_is_told_at_once(ringsync, config, tmp_path):
    configuration = config("", host_1=UNROUTABLE, omit=["username", "password"])
    started = time.monotonic()
    done = ringsync.run("sync", "--configuration", configuration, "--to", "null:")
    assert time.monotonic() - started < 5
    assert done.returncode == USAGE
    assert all(key in done.stderr for key in ("keyspace", "username", "password"))


@pytest.mark.timeout(60)
def test_the_port_has_the_default_that_cassandra_has(ringsync, config):
    done = ringsync.run("check", "--configuration", config("shop", omit=["port"], host_1="::1"))
    assert done.returncode == SOURCE
    assert "9042" in done.stderr


def remote_ports(process_id):
    """Ports that the process has TCP connections to, as the kernel knows them."""
    folder = pathlib.Path("/proc", str(process_id))
    sockets = set()
    for descriptor in (folder / "fd").iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            sockets.add(os.readlink(descriptor).removeprefix("socket:[").removesuffix("]"))
    ports = set()
    for table in ("tcp", "tcp6"):
        for line in (folder / "net" / table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in sockets:
                ports.add(int(fields[2].rpartition(":")[2], 16))
    return ports


@pytest.mark.timeout(120)
def test_nothing_but_the_nodes_cql_port_is_connected_to(ringsync, config, cassandra, many_rows):
    process = ringsync.start(
        "sync", "--configuration", config(many_rows, max_rows_per_second="6000"), "--to", "null:"
    )
    seen = set()
    try:
        while process.poll() is None:
            with contextlib.suppress(OSError):  # it ended meanwhile
                seen |= remote_ports(process.pid)
            time.sleep(0.01)
    finally:
        process.kill()
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert seen == {cassandra["port"]}


@pytest.mark.timeout(120)
def test_the_other_hosts_are_optional_and_stand_in_for_the_first(
    ringsync, config, keyspace, session, cassandra
):
    session.execute(f"CREATE TABLE {keyspace}.plain (id int PRIMARY KEY)")
    alone = ringsync.run("check", "--configuration", config(keyspace, omit=["host_2", "host_3"]))
    assert alone.returncode == 0, alone.stderr
    down = "127.0.0.99"  # nobody listens there
    for place in ("host_2", "host_3"):
        hosts = {"host_1": down, "host_2": down, "host_3": down, place: cassandra["host"]}
        done = ringsync.run("check", "--configuration", config(keyspace, **hosts))
        assert done.returncode == 0, done.stderr


@pytest.mark.timeout(120)
def test_username_and_password_log_in_with_the_rights_of_their_role(
    ringsync, config, keyspace, session, tmp_path
):
    password = "s3cret'word"
    session.execute(f"CREATE TABLE {keyspace}.orders (id int PRIMARY KEY)")
    session.execute(f"INSERT INTO {keyspace}.orders (id) VALUES (1)")
    reader, stranger = f"reader_{keyspace}", f"stranger_{keyspace}"
    try:
        for role in (reader, stranger):
            session.execute(f"CREATE ROLE {role} WITH LOGIN = true AND PASSWORD = 's3cret''word'")
        session.execute(f"GRANT SELECT ON KEYSPACE {keyspace} TO {reader}")
        configuration = config(keyspace, username=reader, password=password)
        sync(ringsync, configuration, tmp_path / "w.db")
        assert rows_of(tmp_path / "w.db", keyspace, "orders", "id") == [(1,)]
        configuration = config(keyspace, username=stranger, password=password)
        refused = ringsync.run("sync", "--configuration", configuration, "--to", "null:")
        assert refused.returncode in (1, SOURCE), "this role may not read"
        assert "orders" in refused.stderr and stranger in refused.stderr
        configuration = config(keyspace, username=reader, password="wrong")
        wrong = ringsync.run("check", "--configuration", configuration)
        assert wrong.returncode == SOURCE
        assert password not in refused.stderr + wrong.stderr
    finally:
        for role in (reader, stranger):
            session.execute(f"DROP ROLE IF EXISTS {role}")


@pytest.mark.timeout(120)
def test_every_table_of_the_keyspace_is_discovered_by_each_sync(
    ringsync, config, keyspace, session, tmp_path
):
    for number in range(3):
        session.execute(f"CREATE TABLE {keyspace}.t{number} (id int PRIMARY KEY)")
    session.execute(f'CREATE TABLE {keyspace}."MixedCase" (id int PRIMARY KEY)')
    database = tmp_path / "w.db"
    assert set(sync(ringsync, config(keyspace), database)) == {"t0", "t1", "t2", "MixedCase"}
    session.execute(f"CREATE TABLE {keyspace}.later (id int PRIMARY KEY)")
    session.execute(f"INSERT INTO {keyspace}.later (id) VALUES (5)")
    assert "later" in sync(ringsync, config(keyspace), database)
    assert rows_of(database, keyspace, "later", "id") == [(5,)]


@pytest.mark.timeout(120)
def test_partition_and_clustering_keys_together_make_a_row(
    ringsync, config, keyspace, session, tmp_path
):
    session.execute(
        f"CREATE TABLE {keyspace}.visits (city text, day date, hour int, place text, count int,"
        " updated_at timestamp, PRIMARY KEY ((city, day), hour, place))"
    )
    insert = session.prepare(
        f"INSERT INTO {keyspace}.visits (city, day, hour, place, count, updated_at)"
        " VALUES (?, ?, ?, ?, ?, toTimestamp(now()))"
    )
    keys = [
        (city, day, hour, place)
        for city in ("Bern", "Biel")
        for day in ("2024-01-01", "2024-01-02")
        for hour in (1, 2)
        for place in ("a", "b")
    ]
    for key in keys:
        session.execute(insert, (*key, 0))
    database = tmp_path / "w.db"
    sync(ringsync, config(keyspace), database)
    session.execute(insert, ("Bern", "2024-01-02", 2, "a", 99))
    sync(ringsync, config(keyspace), database)
    found = rows_of(database, keyspace, "visits", "city, CAST(day AS VARCHAR), hour, place, count")
    wanted = [(*key, 99 if key == ("Bern", "2024-01-02", 2, "a") else 0) for key in keys]
    assert found == sorted(wanted)


@pytest.mark.timeout(120)
def test_a_row_is_inserted_or_updated_by_its_key(ringsync, config, keyspace, session, tmp_path):
    session.execute(
        f"CREATE TABLE {keyspace}.orders (id int PRIMARY KEY, note text, updated_at timestamp)"
    )
    put = session.prepare(
        f"INSERT INTO {keyspace}.orders (id, note, updated_at) VALUES (?, ?, toTimestamp(now()))"
    )
    for order in range(3):
        session.execute(put, (order, "new"))
    database = tmp_path / "w.db"
    sync(ringsync, config(keyspace), database)
    session.execute(put, (1, "changed"))
    session.execute(put, (7, "added"))
    session.execute(f"UPDATE {keyspace}.orders SET note = null WHERE id = 2")
    session.execute(f"UPDATE {keyspace}.orders SET updated_at = toTimestamp(now()) WHERE id = 2")
    sync(ringsync, config(keyspace), database)
    assert rows_of(database, keyspace, "orders", "id, note") == [
        (0, "new"), (1, "changed"), (2, None), (7, "added")
    ]  # fmt: skip


@pytest.mark.timeout(120)
def test_an_incremental_sync_reads_only_rows_whose_updated_at_is_newer(
    ringsync, config, keyspace, session, tmp_path
):
    session.execute(
        f"CREATE TABLE {keyspace}.orders (id int PRIMARY KEY, note text, updated_at timestamp)"
    )
    for order in range(200):
        session.execute(
            f"INSERT INTO {keyspace}.orders (id, note, updated_at)"
            f" VALUES ({order}, 'old', '2021-06-01')"
        )
    configuration = config(keyspace, lag_seconds="0", overlap_seconds="0")
    database = tmp_path / "w.db"
    first = sync(ringsync, configuration, database)["orders"]
    assert (first["run"], first["rows_sent"]) == ("first", 200)
    session.execute(f"UPDATE {keyspace}.orders SET note = 'unseen' WHERE id = 3")  # not its cursor
    session.execute(
        f"UPDATE {keyspace}.orders SET note = 'seen', updated_at = toTimestamp(now()) WHERE id = 4"
    )
    second = sync(ringsync, configuration, database)["orders"]
    assert (second["run"], second["rows_sent"]) == ("incremental", 1)
    third = sync(ringsync, configuration, database)["orders"]
    assert (third["run"], third["rows_sent"]) == ("incremental", 0)
    notes = dict(rows_of(database, keyspace, "orders", "id, note"))
    assert (notes[3], notes[4], notes[5]) == ("old", "seen", "old")


@pytest.fixture
def many_rows(keyspace, session):
    """A table of 12,345 rows, in partitions of 100; 1,000 does not divide them."""
    from cassandra.concurrent import execute_concurrent_with_args

    session.execute(
        f"CREATE TABLE {keyspace}.readings (sensor int, at int, value text,"
        " updated_at timestamp, PRIMARY KEY (sensor, at))"
    )
    insert = session.prepare(
        f"INSERT INTO {keyspace}.readings (sensor, at, value, updated_at)"
        " VALUES (?, ?, ?, '2022-02-02')"
    )
    rows = [(row // 100, row % 100, f"value {row}") for row in range(12_345)]
    execute_concurrent_with_args(session, insert, rows, concurrency=50)
    return keyspace


CHECKPOINT = re.compile(r"checkpoint (\d+): (\d+) rows more, durable$")


@pytest.mark.timeout(120)
def test_a_checkpoint_comes_every_thousand_rows_and_may_be_made_durable_each_time(
    ringsync, config, many_rows, tmp_path
):
    log_options = ["--log-level", "debug", "--progress", "none"]
    arguments = ["sync", "--configuration", config(many_rows), *log_options]
    passed_on = ringsync.run(*arguments, "--to", f"duckdb:{tmp_path / 'large_commits.db'}")
    assert passed_on.returncode == 0, passed_on.stderr
    rows = [int(n) for n in re.findall(r"checkpoint \d+: (\d+) rows more", passed_on.stderr)]
    assert sum(rows) == 12_345
    assert max(rows) == 1000 and rows.count(1000) >= 8, rows

    durable = ringsync.run(
        *arguments, "--to", f"duckdb:{tmp_path / 'w.db'}", "--commit-rows", "1000"
    )
    assert durable.returncode == 0, durable.stderr
    groups = [match for match in map(CHECKPOINT.search, durable.stderr.splitlines()) if match]
    full = [match for match in groups if int(match[2]) == 1000]
    assert len(full) >= 8 and len(groups) <= 12_345 // 1000 + 8


@pytest.mark.timeout(120)
def test_an_interrupted_sync_goes_on_from_its_last_checkpoint(
    ringsync, config, many_rows, tmp_path, source_fingerprint, destination_fingerprint
):
    database = tmp_path / "w.db"
    # Small pages keep the sync under way; what is durable is told by its own log.
    arguments = ["sync", "--configuration", config(many_rows, page_size="100"), "--commit-rows",
                 "1000", "--log-level", "debug", "--progress", "none", "--to",
                 f"duckdb:{database}"]  # fmt: skip
    process = ringsync.start(*arguments)
    durable = 0
    for line in process.stderr:
        found = CHECKPOINT.search(line.rstrip())
        durable += int(found[2]) if found else 0
        if durable >= 3000:
            break
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    kept = len(rows_of(database, many_rows, "readings"))
    assert durable <= kept < 12_345
    again = sync(ringsync, config(many_rows), database)["readings"]
    assert again["resumed"]
    # The page that a checkpoint cut is read again, for each split under way.
    assert again["rows_sent"] < 12_345 - kept + 2000
    assert destination_fingerprint(database, many_rows) == source_fingerprint(many_rows)


@pytest.mark.timeout(120)
def test_the_state_holds_the_last_timestamp_of_each_table(
    ringsync, config, keyspace, session, tmp_path
):
    for name in ("orders", "parcels"):
        session.execute(
            f"CREATE TABLE {keyspace}.{name} (id int PRIMARY KEY, updated_at timestamp)"
        )
    database, mirror = tmp_path / "w.db", tmp_path / "state.json"
    before_ms = int(time.time() * 1000)
    configuration = config(keyspace, lag_seconds="0")
    sync(ringsync, configuration, database, "--state", mirror)
    tables = json.loads(mirror.read_text())["tables"]
    for name in ("orders", "parcels"):
        assert before_ms - 5000 <= tables[name]["cursor_ms"] <= int(time.time() * 1000)
    sync(ringsync, configuration, database, "--state", mirror, "--tables", "orders")
    later = json.loads(mirror.read_text())["tables"]
    assert later["orders"]["cursor_ms"] > tables["orders"]["cursor_ms"]
    assert later["parcels"]["cursor_ms"] == tables["parcels"]["cursor_ms"]


@pytest.mark.timeout(120)
def test_a_table_without_updated_at_is_read_in_full_by_each_sync(
    ringsync, config, keyspace, session, tmp_path
):
    session.execute(f"CREATE TABLE {keyspace}.cities (id int PRIMARY KEY, name text)")
    for city in range(20):
        session.execute(f"INSERT INTO {keyspace}.cities (id, name) VALUES ({city}, 'x')")
    database = tmp_path / "w.db"
    for _ in range(2):
        table = sync(ringsync, config(keyspace), database)["cities"]
        assert (table["run"], table["rows_sent"]) == ("full", 20)
    session.execute(f"UPDATE {keyspace}.cities SET name = 'y' WHERE id = 3")
    sync(ringsync, config(keyspace), database)
    assert rows_of(database, keyspace, "cities", "name", "id = 3") == [("y",)]


@pytest.mark.timeout(120)
def test_connection_errors_are_logged_as_errors_and_end_with_a_failure(ringsync, config, tmp_path):
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # nobody listens there
        port = reserved.getsockname()[1]
        configuration = config("shop", host_1="127.0.0.1", port=str(port))
        done = ringsync.run(
            "sync", "--configuration", configuration, "--to", f"duckdb:{tmp_path / 'w.db'}",
            "--log-format", "json",
        )  # fmt: skip
    assert done.returncode == SOURCE
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    errors = [line["message"] for line in lines if line["level"] == "error"]
    assert any(str(port) in message for message in errors)


@pytest.mark.timeout(120)
def test_errors_while_rows_are_read_are_logged_as_errors_and_fail_the_sync(
    ringsync, config, keyspace, session, tmp_path
):
    session.execute(f"CREATE TABLE {keyspace}.fine (id int PRIMARY KEY)")
    session.execute(f"INSERT INTO {keyspace}.fine (id) VALUES (1)")
    session.execute(f"CREATE TABLE {keyspace}.moments (id int PRIMARY KEY, at timestamp)")
    session.execute(f"INSERT INTO {keyspace}.moments (id, at) VALUES (1, 9223372036854775807)")
    done = ringsync.run(
        "sync", "--configuration", config(keyspace), "--to", f"duckdb:{tmp_path / 'w.db'}",
        "--log-format", "json",
    )  # fmt: skip
    assert done.returncode == 1
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert any(line["level"] == "error" and "moments" in line["message"] for line in lines)
    assert rows_of(tmp_path / "w.db", keyspace, "fine", "id") == [(1,)]


@pytest.mark.timeout(120)
def test_progress_and_state_are_logged_as_information(ringsync, config, many_rows, tmp_path):
    done = ringsync.run(
        "sync", "--configuration", config(many_rows), "--to", f"duckdb:{tmp_path / 'w.db'}",
        "--log-format", "json", "--progress", "log",
    )  # fmt: skip
    assert done.returncode == 0
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    told = [line["message"] for line in lines if line["level"] == "info"]
    assert any("readings" in message and "first" in message for message in told), told
    assert any("readings: done" in message and "12,345 rows" in message for message in told), told
    saved = [re.fullmatch(r"state saved: checkpoint (\d+), (\d+) rows.*", each) for each in told]
    counts = [(int(each[1]), int(each[2])) for each in saved if each]
    assert counts and counts[-1][0] >= 13, told  # one each 1,000 rows, and the last
    assert sum(rows for _, rows in counts) == 12_345, told


@pytest.mark.timeout(120)
def test_timestamps_are_moments_in_utc(ringsync, config, keyspace, session, tmp_path):
    session.execute(f"CREATE TABLE {keyspace}.orders (id int PRIMARY KEY, updated_at timestamp)")
    session.execute(
        f"INSERT INTO {keyspace}.orders (id, updated_at) VALUES (1, '2024-03-31 01:30:00.123+0200')"
    )
    database = tmp_path / "w.db"
    shown = "CAST(updated_at AS VARCHAR)"
    # Where the program runs must not matter: on that night clocks there went an hour ahead.
    sync(ringsync, config(keyspace, lag_seconds="0"), database, timezone="Europe/Berlin")
    assert rows_of(database, keyspace, "orders", shown) == [("2024-03-30 23:30:00.123+00",)]
    session.execute(
        f"INSERT INTO {keyspace}.orders (id, updated_at) VALUES (2, toTimestamp(now()))"
    )
    configuration = config(keyspace, lag_seconds="0")
    told = sync(ringsync, configuration, database, timezone="America/New_York")
    assert (told["orders"]["run"], told["orders"]["rows_sent"]) == ("incremental", 1)


@pytest.mark.timeout(120)
def test_the_interval_between_checkpoints_can_be_set(ringsync, config, many_rows, tmp_path):
    configuration = config(many_rows, checkpoint_interval="250")
    done = ringsync.run(
        "sync", "--configuration", configuration, "--to", f"duckdb:{tmp_path / 'w.db'}",
        "--log-level", "debug", "--progress", "none",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = [int(n) for n in re.findall(r"checkpoint \d+: (\d+) rows more", done.stderr)]
    assert max(rows) == 250 and sum(rows) == 12_345


# The whole table of types of the document: CQL type, type that Fivetran gets.
TYPES_PROMISED = {
    "text": "STRING",
    "varchar": "STRING",
    "ascii": "STRING",
    "int": "INT",
    "smallint": "INT",
    "tinyint": "INT",
    "bigint": "LONG",
    "varint": "LONG",
    "float": "FLOAT",
    "double": "DOUBLE",
    "decimal": "DOUBLE",
    "boolean": "BOOLEAN",
    "timestamp": "UTC_DATETIME",
    "date": "NAIVE_DATE",
    "uuid": "STRING",
    "timeuuid": "STRING",
    "blob": "STRING",
}


@pytest.mark.timeout(120)
def test_each_type_of_the_documents_table_is_mapped_as_promised(
    ringsync, config, keyspace, session
):
    columns = ", ".join(f"c_{name} {name}" for name in TYPES_PROMISED)
    session.execute(f"CREATE TABLE {keyspace}.everything (id int PRIMARY KEY, {columns})")
    done = ringsync.run("discover", "--configuration", config(keyspace), "--json")
    assert done.returncode == 0, done.stderr
    (table,) = json.loads(done.stdout)["tables"]
    found = {column["name"]: column["fivetran_type"] for column in table["columns"]}
    assert found.pop("id") == "INT"
    assert found == {f"c_{name}": wanted for name, wanted in TYPES_PROMISED.items()}


@pytest.mark.timeout(120)
def test_partition_and_clustering_keys_are_shown_as_the_primary_key(
    ringsync, config, keyspace, session
):
    session.execute(
        f"CREATE TABLE {keyspace}.visits (city text, day date, hour int, place text, count int,"
        " PRIMARY KEY ((city, day), hour, place))"
    )
    done = ringsync.run("discover", "--configuration", config(keyspace), "--json")
    assert done.returncode == 0, done.stderr
    (table,) = json.loads(done.stdout)["tables"]
    assert table["primary_key"] == ["city", "day", "hour", "place"]
