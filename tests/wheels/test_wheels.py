"""Each wheel decodes every type, connects by TLS and finds what it needs in itself."""

import datetime
import json
import pathlib
import subprocess

import cql_values
import planted
import pytest
import test_differential
from integration_files import load
from test_differential import compare

tls = load("test_tls_of_the_program", "test_tls.py")
node, tls_config = tls.node, tls.tls_config
filled = test_differential.filled

READ_ROWS = pathlib.Path(__file__).with_name("read_rows.py")
FROM_TOLD = {
    "bytes": bytes.fromhex,
    "datetime": datetime.datetime.fromisoformat,
    "date": datetime.date.fromisoformat,
    "json": lambda value: value,
}
CODE_OF_SCHEMA = """
import json, sys, ringsync
try:
    print(len(ringsync.schema(json.load(open(sys.argv[1])))), "tables")
except ringsync.RingsyncError as error:
    print(error.code)
"""


def run(python: pathlib.Path, *arguments: object) -> str:
    done = subprocess.run(
        [python, "-I", *arguments], capture_output=True, text=True, timeout=300, env={}
    )
    planted.WATCH.note(done.stdout, f"standard output of {arguments}")
    planted.WATCH.note(done.stderr, f"standard error of {arguments}")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.timeout(600)
def test_rows_of_every_type_equal_what_the_driver_reads(
    wheel_python,
    config,
    filled,
    measured,
):
    keyspace, tables, source_rows = filled
    path = config(keyspace, type_mapping="lossless")
    rows = json.loads(run(wheel_python, READ_ROWS, path))
    compared = 0
    for table in tables:
        got = {}
        for row in rows[table.name]:
            values = {name: FROM_TOLD[kind](value) for name, (kind, value) in row.items()}
            got[values["id"]] = {
                name: cql_values.from_destination(
                    cql_type,
                    cql_values.parsed_json(values[name])
                    if cql_type.inside and isinstance(values[name], str)
                    else values[name],
                )
                for name, cql_type in table.columns.items()
            }
        compared += compare(table, source_rows[table.name], got)
    measured(f"cells equal to what the driver reads: {compared}")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("verify", ["ca", "full", "none"])
def test_a_tls_handshake_with_a_client_certificate(wheel_python, tls_config, verify):
    said = run(wheel_python, "-c", CODE_OF_SCHEMA, tls_config(tls_verify=verify))
    assert said == "1 tables\n"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("verify", ["ca", "full"])
def test_a_certificate_of_another_authority_is_refused(wheel_python, tls_config, node, verify):
    stranger = tls_config(tls_verify=verify, tls_ca_file=node["tls"]["stranger"])
    assert run(wheel_python, "-c", CODE_OF_SCHEMA, stranger) == "tls\n"


def test_the_licences_of_what_is_linked_are_in_it(wheel_python):
    code = "import pathlib, ringsync; print(pathlib.Path(ringsync.__file__).parent)"
    folder = pathlib.Path(run(wheel_python, "-c", code).strip())
    notices = (folder / "THIRD_PARTY_LICENCES.txt").read_text()
    for work in (
        "scylla ",
        "rustls ",
        "aws-lc-sys ",
        "nanobind ",
        "robin-map",
        "libstdc++6 ",
        "simdjson ",
    ):
        assert f"\n  {work}" in notices or f"\n  py{work}" in notices, work
    assert {"_core.pyi", "py.typed"} <= {path.name for path in folder.iterdir()}


def test_its_command_tells_what_it_is_for_and_what_it_lacks(wheel_python, tmp_path):
    given = tmp_path / "configuration.json"
    given.write_text("{}")

    def command(*arguments):
        return subprocess.run(
            [wheel_python.with_name("ringsync"), *arguments], capture_output=True, text=True,
            timeout=60, env={},
        )  # fmt: skip

    assert "spark-sync" in command("--help").stdout
    lacking = command("spark-sync", "--configuration", given, "--target", tmp_path / "lake")
    assert lacking.returncode == 2
    assert 'error[usage]: pyspark is not installed; install the package as "ringsync[spark]"' in (
        lacking.stderr
    )
