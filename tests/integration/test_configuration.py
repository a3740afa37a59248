"""The configuration, by the built program: environment, TLS keys, problems before connecting."""

import json
import os
import time

import pytest

pytestmark = pytest.mark.sanitized

USAGE, SOURCE = 2, 3
SECRET = "hunter2-never-shown"


def check(ringsync, configuration, **environment):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RINGSYNC_")}
    return ringsync.run("check", "--configuration", configuration, env={**kept, **environment})


@pytest.fixture
def plain(keyspace, session):
    """A keyspace with one table."""
    session.execute(f"CREATE TABLE {keyspace}.plain (id int PRIMARY KEY)")
    return keyspace


@pytest.mark.timeout(60)
def test_password_and_user_may_come_from_the_environment(ringsync, config, plain, cassandra):
    configuration = config(plain, omit=["username", "password"])
    done = check(
        ringsync,
        configuration,
        RINGSYNC_USERNAME=cassandra["username"],
        RINGSYNC_PASSWORD=cassandra["password"],
    )
    assert done.returncode == 0, done.stderr
    assert "plain" in done.stdout
    done = check(ringsync, configuration)
    assert done.returncode == USAGE
    assert "RINGSYNC_PASSWORD" in done.stderr and "RINGSYNC_USERNAME" in done.stderr


@pytest.mark.timeout(60)
def test_any_value_may_name_a_variable(ringsync, config, plain, cassandra):
    configuration = config(
        "${THE_KEYSPACE}", host_1="${HOST}", port="${PORT}", password="${SECRET}", tables="pl*"
    )
    around = {
        "THE_KEYSPACE": plain,
        "HOST": cassandra["host"],
        "PORT": str(cassandra["port"]),
        "SECRET": cassandra["password"],
    }
    done = check(ringsync, configuration, **around)
    assert done.returncode == 0, done.stderr
    del around["SECRET"]
    around["PORT"] = f"90-{SECRET}"
    done = check(ringsync, configuration, **around)
    assert done.returncode == USAGE
    assert "error[config]" in done.stderr
    assert "password" in done.stderr and "SECRET, which is not set" in done.stderr
    assert "port: the value (not shown)" in done.stderr
    assert SECRET not in done.stderr + done.stdout


@pytest.mark.timeout(60)
def test_every_problem_is_told_at_once_though_no_host_can_be_reached(ringsync, config, tmp_path):
    # 192.0.2.1 is unroutable (RFC 5737): any attempt to connect would outlast the limit.
    configuration = config(
        "", host_1="192.0.2.1", request_timeout_seconds="soon", type_mapping="exact",
        decimal_types="a.b=DECIMAL(50,2)", initial_sync_start="2999-01-01", tls="perhaps",
        tls_ca_file=str(tmp_path / "gone.pem"), on_unrepresentable="drop",
    )  # fmt: skip
    started = time.monotonic()
    done = check(ringsync, configuration)
    assert time.monotonic() - started < 2
    assert done.returncode == USAGE
    assert "8 problems" in done.stderr
    for key in (
        "keyspace", "request_timeout_seconds", "type_mapping", "decimal_types",
        "initial_sync_start", "tls", "tls_ca_file", "on_unrepresentable",
    ):  # fmt: skip
        assert f"\n  {key}: " in done.stderr, key


@pytest.mark.timeout(60)
def test_tls_files_without_tls_keep_the_password_at_home(ringsync, config, tmp_path):
    ca = tmp_path / "ca.pem"
    ca.write_text("anything")
    done = check(ringsync, config("nyc", host_1="192.0.2.1", tls_ca_file=str(ca)))
    assert done.returncode == USAGE
    assert "tls_ca_file: has no effect without tls" in done.stderr


@pytest.mark.timeout(60)
def test_tls_to_a_node_that_speaks_none_is_told_with_its_code(ringsync, config):
    done = check(ringsync, config("nyc", tls="true", connect_timeout_seconds="2"))
    assert done.returncode == SOURCE
    assert "error[tls]" in done.stderr or "error[connect]" in done.stderr


@pytest.mark.timeout(60)
def test_an_unknown_key_is_warned_about_with_the_nearest(ringsync, config, plain):
    done = check(ringsync, config(plain, requst_timeout_seconds="30"))
    assert done.returncode == 0, done.stderr
    assert '"requst_timeout_seconds" is no key' in done.stderr
    assert '"request_timeout_seconds"' in done.stderr


@pytest.mark.timeout(60)
def test_errors_carry_their_code_as_text_and_as_json(ringsync, config):
    done = ringsync.run("check", "--surprise")
    assert done.stderr.startswith("ringsync: error[usage]: ")
    configuration = config("nyc", password=SECRET)
    done = check(ringsync, configuration)
    assert "ringsync: error[auth]: " in done.stderr
    done = ringsync.run("check", "--configuration", configuration, "--log-format", "json")
    line = json.loads(done.stderr.splitlines()[-1])
    assert (line["level"], line["code"]) == ("error", "auth")
    done = ringsync.run("help", "auth")
    assert (done.returncode, "error[auth]" in done.stdout) == (0, True)


@pytest.mark.timeout(120)
def test_a_failed_table_is_named_with_its_code_everywhere(
    ringsync, config, keyspace, session, tmp_path
):
    session.execute(f'CREATE TABLE {keyspace}.twice (id int PRIMARY KEY, a int, "A" int)')
    session.execute(f"CREATE TABLE {keyspace}.whole (id int PRIMARY KEY)")
    done = ringsync.run(
        "sync", "--configuration", config(keyspace), "--to", "duckdb:w.db",
        "--summary-json", "summary.json",
    )  # fmt: skip
    assert done.returncode == 1
    assert "error[name_collision]: table twice: " in done.stderr
    assert "FAILED  twice: error[name_collision]: " in done.stdout
    tables = {t["name"]: t for t in json.loads((tmp_path / "summary.json").read_text())["tables"]}
    assert tables["twice"]["error"]["code"] == "name_collision"
    assert tables["whole"]["outcome"] == "done"
