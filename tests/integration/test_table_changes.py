"""Tables that change between two syncs: columns that come and go, keys, and tables made anew.

By the built program, into every destination. The sink's own rules are in tests/conformance.
"""

import json
import signal
import time

import pytest
from cql_values import scalar

pytestmark = pytest.mark.sanitized

OUTCOMES = {"done": 0, "failed": 4}


@pytest.fixture
def sync(ringsync, config, keyspace, every_destination, tmp_path):
    """sync(outcome): the summary's part of the one table that there is."""
    configuration = config(keyspace, lag_seconds="0", overlap_seconds="0")
    summary = tmp_path / "summary.json"

    def run(outcome="done", name="t"):
        done = ringsync.run(
            "sync", "--configuration", configuration, "--to", every_destination.argument,
            "--summary-json", summary, env=every_destination.environment,
        )  # fmt: skip
        assert done.returncode == OUTCOMES[outcome], done.stderr + done.stdout
        (table,) = json.loads(summary.read_text())["tables"]
        assert (table["name"], table["outcome"]) == (name, outcome)
        return table

    return run


@pytest.fixture
def rows(keyspace, every_destination):
    """rows(id="int", v="text"): {id: (cells of the columns behind it …, whether it is deleted)}."""

    def read(**columns):
        types = {name: scalar(cql_type) for name, cql_type in columns.items()}
        types["_fivetran_deleted"] = scalar("boolean")
        found = every_destination.rows(keyspace, "t", types, key=next(iter(types)))
        return {key: tuple(cells.values())[1:] for key, cells in found.items()}

    return read


@pytest.fixture
def cql(session, keyspace):
    """Runs statements, each with {t} for the table."""

    def run(*statements):
        for statement in statements:
            session.execute(statement.format(t=f"{keyspace}.t"), timeout=60)

    return run


CREATE = "CREATE TABLE {t} (id int PRIMARY KEY, v text, n int, updated_at timestamp)"
INSERT = "INSERT INTO {t} (id, v, n, updated_at) VALUES "


@pytest.mark.timeout(180)
def test_an_added_column_arrives_and_is_null_in_old_rows(sync, rows, cql):
    cql(CREATE, INSERT + "(1, 'a', 1, '2020-01-01')", INSERT + "(2, 'b', 2, '2020-01-01')")
    assert sync()["run"] == "first"
    cql(
        "ALTER TABLE {t} ADD extra bigint",
        "INSERT INTO {t} (id, v, extra, updated_at) VALUES (3, 'c', 30, toTimestamp(now()))",
        "UPDATE {t} SET extra = 20, updated_at = toTimestamp(now()) WHERE id = 2",
    )
    table = sync()
    assert (table["run"], table["rows_sent"]) == ("incremental", 2)
    assert rows(id="int", v="text", extra="bigint") == {
        1: ("a", None, False),
        2: ("b", 20, False),
        3: ("c", 30, False),
    }


@pytest.mark.timeout(180)
def test_a_dropped_column_keeps_its_values_and_is_null_in_new_rows(sync, rows, cql):
    cql(CREATE, INSERT + "(1, 'a', 1, '2020-01-01')", INSERT + "(2, 'b', 2, '2020-01-01')")
    sync()
    cql(
        "ALTER TABLE {t} DROP n",
        "UPDATE {t} SET v = 'B', updated_at = toTimestamp(now()) WHERE id = 2",
        "INSERT INTO {t} (id, v, updated_at) VALUES (3, 'c', toTimestamp(now()))",
    )
    table = sync()
    assert (table["run"], table["rows_sent"]) == ("incremental", 2)
    assert rows(id="int", v="text", n="int") == {
        1: ("a", 1, False),
        2: ("B", 2, False),
        3: ("c", None, False),
    }


@pytest.mark.timeout(180)
def test_a_column_that_returns_reads_the_table_anew_and_drops_its_old_values(sync, rows, cql):
    cql(CREATE, INSERT + "(1, 'a', 1, '2020-01-01')", INSERT + "(2, 'b', 2, '2020-01-01')")
    sync()
    cql("ALTER TABLE {t} DROP n")
    sync()
    # The server hides what was written to the column before it was dropped.
    cql("ALTER TABLE {t} ADD n int", "UPDATE {t} SET n = 22 WHERE id = 2")
    table = sync()
    assert (table["run"], table["rows_sent"]) == ("first", 2)
    assert rows(id="int", v="text", n="int") == {1: ("a", None, False), 2: ("b", 22, False)}


@pytest.mark.every_version
@pytest.mark.timeout(180)
def test_a_column_dropped_and_added_again_between_two_syncs_reads_the_table_anew(sync, rows, cql):
    cql(CREATE, INSERT + "(1, 'a', 1, '2020-01-01')", INSERT + "(2, 'b', 2, '2020-01-01')")
    sync()
    cql("ALTER TABLE {t} DROP n", "ALTER TABLE {t} ADD n int", "UPDATE {t} SET n = 22 WHERE id = 2")
    table = sync()
    assert (table["run"], table["rows_sent"]) == ("first", 2)
    assert rows(id="int", v="text", n="int") == {1: ("a", None, False), 2: ("b", 22, False)}
    assert sync()["run"] == "incremental"


@pytest.mark.timeout(180)
@pytest.mark.parametrize("change", ["renamed", "another column"])
def test_a_changed_key_stops_the_table_with_instructions_and_loses_nothing(
    sync, rows, cql, keyspace, every_destination, change
):
    cql(CREATE, INSERT + "(1, 'a', 1, '2020-01-01')", INSERT + "(2, 'b', 2, '2020-01-01')")
    sync()
    before = rows(id="int", v="text", n="int")
    if change == "renamed":
        cql("ALTER TABLE {t} RENAME id TO number")
        new_key = '("number")'
    else:
        cql(
            "DROP TABLE {t}",
            "CREATE TABLE {t} (id int, v text, n int, updated_at timestamp, PRIMARY KEY (id, n))",
            INSERT + "(1, 'a', 1, '2020-01-01')",
            INSERT + "(1, 'b', 2, '2020-01-01')",
        )
        new_key = '("id", "n")'
    for _ in range(2):
        error = sync("failed")["error"]
        assert error["code"] == "key_changed"
        for words in (new_key, '("id")', "rename or drop the destination's table"):
            assert words in error["message"], words
        assert rows(id="int", v="text", n="int") == before

    # As the message says.
    every_destination.drop(keyspace, "t")
    table = sync()
    assert (table["run"], table["rows_sent"]) == ("first", 2)
    if change == "renamed":
        wanted = {1: ("a", 1, False), 2: ("b", 2, False)}
        assert rows(number="int", v="text", n="int") == wanted
    else:
        assert rows(n="int", v="text", id="int") == {1: ("a", 1, False), 2: ("b", 1, False)}


@pytest.mark.timeout(180)
def test_a_table_made_anew_is_read_anew_and_rows_that_are_gone_are_marked(sync, rows, cql):
    cql(CREATE, INSERT + "(1, 'a', 1, '2020-01-01')", INSERT + "(2, 'b', 2, '2020-01-01')")
    sync()
    # The cursors of its rows are older than the last sync's: only a first sync sees them.
    cql("DROP TABLE {t}", CREATE, INSERT + "(2, 'B', 22, '2019-01-01')")
    cql(INSERT + "(3, 'c', 3, '2019-01-01')")
    table = sync()
    assert (table["run"], table["rows_sent"], table["rows_deleted"]) == ("first", 2, 1)
    assert rows(id="int", v="text", n="int") == {
        1: ("a", 1, True),
        2: ("B", 22, False),
        3: ("c", 3, False),
    }
    assert sync()["run"] == "incremental"


@pytest.mark.timeout(180)
def test_a_table_that_is_gone_stays_as_it_is_until_it_returns(sync, rows, cql, session, keyspace):
    cql(CREATE, INSERT + "(1, 'a', 1, '2020-01-01')", INSERT + "(2, 'b', 2, '2020-01-01')")
    sync()
    session.execute(f"CREATE TABLE {keyspace}.other (id int PRIMARY KEY)", timeout=60)
    cql("DROP TABLE {t}")
    sync(name="other")
    assert rows(id="int", v="text") == {1: ("a", False), 2: ("b", False)}
    session.execute(f"DROP TABLE {keyspace}.other", timeout=60)
    cql(CREATE, INSERT + "(2, 'B', 22, '2019-01-01')")
    table = sync()
    assert (table["run"], table["rows_sent"], table["rows_deleted"]) == ("first", 1, 1)
    assert rows(id="int", v="text") == {1: ("a", True), 2: ("B", False)}


@pytest.mark.timeout(180)
def test_a_type_made_wider_by_a_table_made_anew_holds_old_and_new_values(sync, rows, cql):
    cql(CREATE, INSERT + "(1, 'a', -2147483648, '2020-01-01')")
    sync()
    wider = CREATE.replace("id int", "id bigint").replace("n int", "n bigint")
    cql("DROP TABLE {t}", wider)
    cql(INSERT + "(9007199254740993, 'b', 9223372036854775807, '2020-01-01')")
    table = sync()
    assert (table["run"], table["rows_sent"], table["rows_deleted"]) == ("first", 1, 1)
    assert rows(id="bigint", v="text", n="bigint") == {
        1: ("a", -2147483648, True),
        9007199254740993: ("b", 9223372036854775807, False),
    }


def kill_in_mid_scan(ringsync, arguments, trace, environment):
    """A sync that dies once rows have come, before any of them is committed."""
    process = ringsync.start(*arguments, "--trace-pages", trace, env=environment)
    try:
        deadline = time.monotonic() + 60
        while not trace.exists() or trace.read_text().count("\n") < 3:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, "no pages came"
            time.sleep(0.01)
    finally:
        process.kill()
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL


@pytest.mark.timeout(180)
def test_types_made_text_hold_old_and_new_values_and_a_kill_meanwhile_leaves_the_old_table_whole(
    ringsync, config, sync, rows, cql, keyspace, every_destination, tmp_path
):
    columns = "id {id} PRIMARY KEY, n {n}, flag {flag}, day {day}, updated_at timestamp"
    narrow = {"id": "int", "n": "bigint", "flag": "boolean", "day": "date"}
    as_text = dict.fromkeys(narrow, "text")
    create = f"CREATE TABLE {{t}} ({columns})"
    insert = "INSERT INTO {t} (id, n, flag, day, updated_at) VALUES "
    cql(create.format(t="{t}", **narrow))
    cql(insert + "(1, -9223372036854775808, true, '2024-02-29', '2020-01-01')")
    cql(insert + "(2, 7, false, null, '2020-01-01')")
    sync()
    before = rows(**narrow)
    cql("DROP TABLE {t}", create.format(t="{t}", **as_text))
    for number in range(60):
        cql(insert + f"('{number:03}', '007', 'yes', 'today', '2020-01-01')")

    slow = config(
        keyspace, name="slow.json", lag_seconds="0", page_size="5", max_rows_per_second="20"
    )
    arguments = ["sync", "--configuration", slow, "--to", every_destination.argument]
    trace = tmp_path / "pages.jsonl"
    kill_in_mid_scan(ringsync, arguments, trace, every_destination.environment)
    assert rows(**narrow) == before

    table = sync()
    assert (table["run"], table["rows_sent"], table["rows_deleted"]) == ("first", 60, 2)
    assert rows(**as_text) == {
        "1": ("-9223372036854775808", "true", "2024-02-29", True),
        "2": ("7", "false", None, True),
        **{f"{number:03}": ("007", "yes", "today", False) for number in range(60)},
    }
