"""Wrong input: each kind gets an error that names what and where, and its exit code."""

import json
import os
import shlex
import socket
import subprocess
import time

import duckdb
import pytest

pytestmark = pytest.mark.sanitized
USAGE, SOURCE, DESTINATION, STATE = 2, 3, 4, 5
SECRET = "hunter2-never-shown"


def sync(ringsync, configuration, database, *more):
    return ringsync.run(
        "sync", "--configuration", configuration, "--to", f"duckdb:{database}", *more
    )


@pytest.mark.timeout(60)
def test_missing_and_empty_fields_are_all_named_before_any_connection(ringsync, config, tmp_path):
    # 192.0.2.1 is unroutable (RFC 5737): a connection attempt would take its time.
    configuration = config(
        "", host_1="192.0.2.1", port="ninety", password=SECRET, omit=["username"],
        page_size="0", consistency="SOME",
    )  # fmt: skip
    started = time.monotonic()
    done = sync(ringsync, configuration, tmp_path / "w.db")
    assert time.monotonic() - started < 2
    assert done.returncode == USAGE
    for key in ("keyspace", "username", "port", "page_size", "consistency"):
        assert key in done.stderr, key
    assert SECRET not in done.stderr + done.stdout
    assert not (tmp_path / "w.db").exists()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("port", ["ninety", "0", "65536", "9042.5", "-1"])
def test_a_port_that_is_no_port(ringsync, config, tmp_path, port):
    done = sync(ringsync, config("nyc", port=port), tmp_path / "w.db")
    assert done.returncode == USAGE
    assert "port" in done.stderr


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "absent", [{"host_2": None, "host_3": None}, {"omit": ["host_2", "host_3"]}]
)
def test_optional_hosts_may_be_null_or_absent(ringsync, config, keyspace, session, absent):
    session.execute(f"CREATE TABLE {keyspace}.plain (id int PRIMARY KEY)")
    done = ringsync.run("check", "--configuration", config(keyspace, **absent))
    assert done.returncode == 0, done.stderr


@pytest.mark.timeout(60)
def test_a_missing_or_broken_configuration_file(ringsync, tmp_path):
    done = ringsync.run("check")
    assert done.returncode == USAGE
    assert "configuration.json" in done.stderr
    (tmp_path / "configuration.json").write_text('{"host_1": "x",\n "port" 1}')
    done = ringsync.run("check")
    assert done.returncode == USAGE
    assert "2" in done.stderr, "the line of the mistake"


@pytest.mark.every_version
@pytest.mark.timeout(60)
def test_an_unknown_data_centre_is_named_with_those_there_are(ringsync, config, cassandra):
    done = ringsync.run("check", "--configuration", config("nyc", data_center_region="dc_none"))
    assert done.returncode == USAGE
    assert "error[config]" in done.stderr
    assert "dc_none" in done.stderr and cassandra["datacenter"] in done.stderr


@pytest.mark.every_version
@pytest.mark.timeout(60)
def test_an_unknown_keyspace_is_named(ringsync, config):
    done = ringsync.run("check", "--configuration", config("no_such_keyspace"))
    assert done.returncode == SOURCE
    assert "no_such_keyspace" in done.stderr


@pytest.mark.timeout(60)
def test_an_unknown_table_is_named_with_the_nearest(ringsync, config, keyspace, session, tmp_path):
    session.execute(f"CREATE TABLE {keyspace}.flights (id int PRIMARY KEY)")
    done = sync(ringsync, config(keyspace, tables="flihgts"), tmp_path / "w.db")
    assert done.returncode == SOURCE
    assert "flihgts" in done.stderr and "flights" in done.stderr


@pytest.mark.every_version
@pytest.mark.timeout(60)
def test_a_wrong_password_is_told_and_never_shown(ringsync, config, tmp_path):
    done = sync(ringsync, config("nyc", password=SECRET), tmp_path / "w.db")
    assert done.returncode == SOURCE
    assert SECRET not in done.stderr + done.stdout
    assert "cassandra" in done.stderr.lower() or "credential" in done.stderr.lower()


@pytest.mark.timeout(60)
def test_a_host_that_is_down_is_named_in_bounded_time(ringsync, config, tmp_path):
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # nobody listens there
        port = reserved.getsockname()[1]
        done = sync(ringsync, config("nyc", host_1="127.0.0.1", port=str(port)), tmp_path / "w.db")
    assert done.returncode == SOURCE
    assert f"127.0.0.1:{port}" in done.stderr


@pytest.mark.timeout(60)
@pytest.mark.parametrize("place", ["missing/w.db", ".", "text.db"])
def test_an_unwritable_destination_is_named(ringsync, config, tmp_path, place):
    (tmp_path / "text.db").write_text("this is no database\n" * 100)
    done = sync(ringsync, config("nyc"), tmp_path / place)
    assert done.returncode == DESTINATION
    assert str(tmp_path / place) in done.stderr


@pytest.mark.timeout(60)
def test_a_read_only_destination_is_named(ringsync, config, tmp_path):
    duckdb.connect(str(tmp_path / "w.db")).close()
    os.chmod(tmp_path / "w.db", 0o444)
    if os.geteuid() == 0:
        # Root writes anywhere; a folder of /proc refuses even root.
        done = sync(ringsync, config("nyc"), "/proc/w.db")
    else:
        done = sync(ringsync, config("nyc"), tmp_path / "w.db")
    assert done.returncode == DESTINATION
    assert "w.db" in done.stderr


@pytest.mark.timeout(120)
def test_two_syncs_into_one_destination_the_second_fails_by_name(ringsync, config, nyc, tmp_path):
    database = tmp_path / "w.db"
    first = ringsync.start("sync", "--configuration", config(nyc), "--to", f"duckdb:{database}")
    for line in first.stderr:
        if "table flights" in line:
            break
    second = sync(ringsync, config(nyc), database)
    first.communicate(timeout=100)
    assert first.returncode == 0
    assert second.returncode == DESTINATION
    assert "another" in second.stderr and str(database) in second.stderr


@pytest.mark.timeout(120)
def test_a_damaged_state_is_told_with_what_to_do(ringsync, config, keyspace, session, tmp_path):
    session.execute(f"CREATE TABLE {keyspace}.plain (id int PRIMARY KEY)")
    database = tmp_path / "w.db"
    assert sync(ringsync, config(keyspace), database).returncode == 0
    with duckdb.connect(str(database)) as connection:
        connection.execute("""UPDATE "_ringsync"."state" SET state = '{"ringsync": 1, "tab'""")
    done = sync(ringsync, config(keyspace), database)
    assert done.returncode == STATE
    assert "new destination" in done.stderr


@pytest.mark.timeout(120)
def test_state_mirrors_that_do_not_fit_are_refused(ringsync, config, keyspace, session, tmp_path):
    session.execute(f"CREATE TABLE {keyspace}.plain (id int PRIMARY KEY)")
    mirror = tmp_path / "state.json"
    mirror.write_text("{ damaged")
    done = sync(ringsync, config(keyspace), tmp_path / "a.db", "--state", mirror)
    assert (done.returncode, str(mirror) in done.stderr) == (STATE, True)
    mirror.unlink()
    done = sync(ringsync, config(keyspace), tmp_path / "a.db", "--state", mirror)
    assert done.returncode == 0, done.stderr
    # The destination is gone, the mirror is not.
    done = sync(ringsync, config(keyspace), tmp_path / "b.db", "--state", mirror)
    assert (done.returncode, "destination" in done.stderr) == (STATE, True)
    document = json.loads(mirror.read_text())
    document["source"]["cluster"] = "elsewhere"
    mirror.write_text(json.dumps(document))
    done = sync(ringsync, config(keyspace), tmp_path / "a.db", "--state", mirror)
    assert (done.returncode, "elsewhere" in done.stderr) == (STATE, True)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "arguments",
    [[], ["snyc"], ["sync"], ["sync", "--to", "oracle:x"], ["sync", "--to", "duckdb:"],
     ["sync", "--to", "null:", "--log-level", "loud"], ["check", "--surprise"]],
)  # fmt: skip
def test_a_wrong_command_line_is_told(ringsync, arguments):
    done = ringsync.run(*arguments)
    assert done.returncode == USAGE
    assert done.stderr


@pytest.mark.timeout(60)
def test_help_and_version(ringsync):
    for arguments in (["--help"], ["sync", "--help"], ["check", "--help"]):
        done = ringsync.run(*arguments)
        assert done.returncode == 0
        assert "--configuration" in done.stdout or "sync" in done.stdout
    assert ringsync.run("--version").stdout.startswith("ringsync 0.1.0")


@pytest.mark.timeout(120)
def test_a_closed_standard_output_leaves_the_destination_whole(
    ringsync, config, keyspace, session, tmp_path
):
    session.execute(f"CREATE TABLE {keyspace}.plain (id int PRIMARY KEY)")
    session.execute(f"INSERT INTO {keyspace}.plain (id) VALUES (7)")
    database = tmp_path / "w.db"
    command = [ringsync.program, "sync", "--configuration", config(keyspace)]
    command += ["--to", f"duckdb:{database}"]
    for closed in (">&-", "2>&-", ">&- 2>&- <&-"):
        shell = " ".join(shlex.quote(str(word)) for word in command) + " " + closed
        done = subprocess.run(["bash", "-c", shell], cwd=tmp_path, timeout=60)
        assert done.returncode == 0
        with duckdb.connect(str(database), read_only=True) as connection:
            rows = connection.execute(f'SELECT id FROM "{keyspace}".plain').fetchall()
        assert rows == [(7,)]


@pytest.mark.timeout(60)
def test_files_that_would_overwrite_each_other_are_refused(ringsync, config, tmp_path):
    database = tmp_path / "w.db"
    for option in ("--summary-json", "--state"):
        done = sync(ringsync, config("nyc"), database, option, database)
        assert done.returncode == USAGE
        assert option in done.stderr
        assert not database.exists()
