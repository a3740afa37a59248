"""Standard output that cannot be written: every command says so and ends with an error."""

import os
import pathlib
import subprocess

import planted
import pytest

pytestmark = pytest.mark.sanitized

USAGE = 2
TEXTS = [["--version"], ["--help"], ["help", "configuration"], ["help", "errors", "--markdown"]]
COMMANDS = [["check"], ["discover"], ["discover", "--json"], ["plan"], ["plan", "--json"]]


def run_into(output, ringsync, *arguments, **options):
    done = subprocess.run(
        [ringsync.program, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=output,
        **{"stderr": subprocess.PIPE, "cwd": ringsync.folder, "text": True, "timeout": 60}
        | options,
    )
    planted.WATCH.note(done.stderr, f"standard error of {arguments}")
    return done


@pytest.fixture(params=["full disk", "closed pipe"])
def broken(request):
    """What standard output is, and the reason that the error gives."""
    if request.param == "full disk":
        with pathlib.Path("/dev/full").open("w") as output:
            yield output, "No space left on device"
        return
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as output:
        yield output, "Broken pipe"


def assert_told(done, reason):
    assert done.returncode == USAGE, done.stderr
    assert "error[output]: standard output cannot be written" in done.stderr
    assert reason in done.stderr


@pytest.mark.timeout(60)
@pytest.mark.parametrize("arguments", TEXTS, ids=" ".join)
def test_a_text_that_was_asked_for(ringsync, broken, arguments):
    output, reason = broken
    assert_told(run_into(output, ringsync, *arguments), reason)


@pytest.mark.timeout(120)
def test_what_a_command_found(ringsync, broken, config, keyspace, session):
    session.execute(f"CREATE TABLE {keyspace}.plain (id int PRIMARY KEY)")
    output, reason = broken
    for command in COMMANDS:
        done = run_into(output, ringsync, *command, "--configuration", config(keyspace))
        assert_told(done, reason)


@pytest.mark.timeout(60)
def test_the_summary_of_a_sync_which_is_done_all_the_same(
    ringsync, broken, config, keyspace, session
):
    session.execute(f"CREATE TABLE {keyspace}.plain (id int PRIMARY KEY)")
    output, reason = broken
    done = run_into(output, ringsync, "sync", "--configuration", config(keyspace), "--to", "null:")
    assert done.returncode == 0, done.stderr
    assert "the summary: error[output]: standard output cannot be written" in done.stderr
    assert reason in done.stderr


@pytest.mark.timeout(60)
@pytest.mark.parametrize("arguments", [["sync", "--to", "null:"], ["sync", "--too"]], ids=" ".join)
def test_an_error_that_cannot_be_written_keeps_its_exit_code(ringsync, broken, arguments):
    output, _ = broken
    done = run_into(output, ringsync, *arguments, "--configuration", "none.json", stderr=output)
    assert done.returncode == USAGE
