"""A sync that dies at any moment: it goes on behind its last durable checkpoint and ends right."""

import json
import os
import random
import signal
import subprocess
import time

import duckdb
import pytest

KILLS = int(os.environ.get("RINGSYNC_TEST_KILLS", "10"))
# Kills are as many in a smaller table, and what is left of it is read quicker.
TABLE, ROWS = ("flights", 336_776) if KILLS > 10 else ("weather", 26_115)
COMMIT_ROWS = ROWS // 65  # small, so that kills land between and within commits


def durable_rows(database, keyspace):
    """Rows that the last commit left; none before the first one."""
    if not database.exists():
        return 0
    with duckdb.connect(str(database), read_only=True) as connection:
        found = connection.execute(
            "SELECT count(*) FROM information_schema.tables"
            " WHERE table_schema = ? AND table_name = ?",
            [keyspace, TABLE],
        ).fetchone()
        if found == (0,):
            return 0
        return connection.execute(f'SELECT count(*) FROM "{keyspace}".{TABLE}').fetchone()[0]


def finished(database, keyspace):
    """True where the last commit holds a state without a run under way."""
    with duckdb.connect(str(database), read_only=True) as connection:
        row = connection.execute(
            'SELECT state FROM "_ringsync"."state" WHERE source = ?', [keyspace]
        ).fetchone()
    return row is not None and "run" not in json.loads(row[0])["tables"][TABLE]


def begins_to_read(process):
    """The table's line of the log, which tells where its reading begins; none if it ends before."""
    return next((line for line in process.stderr if f"table {TABLE}: " in line), "")


@pytest.mark.timeout(3600)
def test_kills_lose_nothing_and_each_restart_goes_on(
    ringsync, config, nyc, tmp_path, source_fingerprint, destination_fingerprint, measured
):
    # Pages of a tenth of a commit.
    configuration = config(nyc, tables=TABLE, page_size=str(COMMIT_ROWS // 10))
    arguments = ["sync", "--configuration", configuration, "--commit-rows", COMMIT_ROWS,
                 "--log-format", "json"]  # fmt: skip
    whole = ringsync.start(*arguments, "--to", f"duckdb:{tmp_path / 'whole.db'}")
    started = time.monotonic()
    assert begins_to_read(whole)
    opening_seconds = time.monotonic() - started
    _, log = whole.communicate(timeout=600)
    reading_seconds = time.monotonic() - started - opening_seconds
    assert whole.returncode == 0, log
    expected = source_fingerprint(nyc, [TABLE])

    chance = random.Random(20)
    landed = resumed = 0
    attempt = 0
    database = tmp_path / "warehouse-0.db"
    reached = 0
    while landed < KILLS:
        attempt += 1
        assert attempt < 20 * KILLS, "kills do not land before the sync ends"
        process = ringsync.start(*arguments, "--to", f"duckdb:{database}")
        # Most die while they read, by a clock that a slow start of the process does not use up.
        dies_reading = attempt % 4 != 0
        opened = begins_to_read(process) if dies_reading else ""
        moment = chance.uniform(0, 0.4 * reading_seconds if dies_reading else opening_seconds)
        try:
            process.communicate(timeout=moment)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            landed += 1
        else:
            assert process.returncode == 0
        before, reached = reached, durable_rows(database, nyc)
        assert reached >= before, "a restart must not lose what was durable"
        if before and opened:
            assert "resumed behind its last checkpoint" in opened, "begun from zero"
            resumed += 1
        if reached and finished(database, nyc):
            assert destination_fingerprint(database, nyc) == expected
            database = tmp_path / f"warehouse-{attempt}.db"
            reached = 0
    assert resumed >= KILLS // 4, "the kills are too early: hardly a restart had a checkpoint"

    last = ringsync.run(
        *arguments, "--to", f"duckdb:{database}", "--summary-json", tmp_path / "summary.json"
    )
    assert last.returncode == 0, last.stderr
    table = json.loads((tmp_path / "summary.json").read_text())["tables"][0]
    # Behind the checkpoint, not from zero: at most a commit group and the pages under way repeat.
    assert table["rows_sent"] <= ROWS - reached + COMMIT_ROWS + 64 * COMMIT_ROWS // 10
    if reached > ROWS // 3:
        assert table["rows_sent"] < ROWS
    assert destination_fingerprint(database, nyc) == expected
    measured(f"{landed} kills, {resumed} restarts behind a checkpoint, nothing lost")


@pytest.mark.sanitized
@pytest.mark.timeout(300)
def test_ctrl_c_ends_behind_a_durable_checkpoint_and_the_next_sync_sends_only_the_rest(
    ringsync, config, nyc, tmp_path, source_fingerprint, destination_fingerprint
):
    database, summary = tmp_path / "warehouse.db", tmp_path / "summary.json"
    configuration = config(nyc, tables=TABLE, page_size=str(ROWS // 5000))
    arguments = ["sync", "--configuration", configuration, "--to", f"duckdb:{database}",
                 "--summary-json", summary]  # fmt: skip
    process = ringsync.start(*arguments, "--log-level", "debug")
    # The table's line says that reading begins; the interrupt then comes in the middle.
    for line in process.stderr:
        if f"table {TABLE}" in line:
            break
    time.sleep(0.3)  # a moment of reading, not a wait for a condition
    process.send_signal(signal.SIGINT)
    _, log = process.communicate(timeout=60)
    assert process.returncode == 130, log
    first = json.loads(summary.read_text())["tables"][0]
    reached = durable_rows(database, nyc)
    assert first["rows_sent"] == reached < ROWS
    assert ringsync.run(*arguments).returncode == 0
    second = json.loads(summary.read_text())["tables"][0]
    assert second["resumed"] or reached == 0
    assert first["rows_sent"] + second["rows_sent"] == ROWS
    assert destination_fingerprint(database, nyc) == source_fingerprint(nyc, [TABLE])


@pytest.mark.sanitized
@pytest.mark.timeout(300)
def test_a_second_ctrl_c_ends_at_once(ringsync, config, nyc, tmp_path):
    process = ringsync.start(
        "sync", "--configuration", config(nyc), "--to", f"duckdb:{tmp_path / 'warehouse.db'}"
    )
    for line in process.stderr:
        if "table flights" in line:
            break
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
