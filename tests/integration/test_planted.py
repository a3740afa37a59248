"""The watch over planted secrets finds them wherever they are left: it must be able to fail."""

import base64
import os
import secrets
import stat
import subprocess
import sys

import planted
import pytest
from conftest import REPOSITORY, Ringsync

FORMS = ["{}", "password={} for you", "postgresql://u:{}@h/d"]


@pytest.fixture
def watch(monkeypatch):
    """A watch of the test's own in the place of the session's."""
    own = planted.Watch()
    monkeypatch.setattr(planted, "WATCH", own)
    return own


@pytest.fixture
def secret(watch):
    return watch.plant("Pl@nted/" + secrets.token_hex(8), "the secret")


@pytest.fixture
def talker(tmp_path):
    """A program that prints its first argument to standard output and its second to the other."""
    program = tmp_path / "talker"
    program.write_text('#!/bin/sh\necho "out $1"\necho "err $2" >&2\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return Ringsync(program, tmp_path)


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_that_is_printed_is_found(watch, secret, talker, form):
    talker.run("nothing", "nothing")
    assert watch.take_leaks() == []
    for arguments in ([form.format(secret), ""], ["", form.format(secret)]):
        talker.run(*arguments)
        assert len(watch.take_leaks()) == 1


def test_a_secret_that_a_started_program_prints_is_found_however_it_is_read(watch, secret, talker):
    for read in (
        lambda process: process.communicate(timeout=10),
        lambda process: list(process.stderr),
        lambda process: process.stderr.readline(),
        lambda process: process.stderr.read(),
    ):
        process = talker.start("", secret)
        read(process)
        process.communicate(timeout=10)
        found = watch.take_leaks()
        assert found and all("stderr" in leak for leak in found), found


def test_a_secret_in_a_file_is_found_but_for_those_that_the_test_gave(watch, secret, tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "warehouse.db").write_bytes(b"\x00\xff" * 5000 + secret.encode() + b"\x00")
    watch.look_into(tmp_path)
    assert [leak.split("/")[-1] for leak in watch.take_leaks()] == ["warehouse.db"]
    watch.give(tmp_path / "deep" / "warehouse.db")
    (tmp_path / "configuration.json").write_text(secret)
    watch.look_into(tmp_path)
    assert watch.take_leaks() == []


def test_a_secret_is_found_in_the_forms_in_which_it_travels(watch, secret):
    for form in planted._forms(secret):
        watch.note(b"before " + form + b" behind", "a log")
        assert len(watch.take_leaks()) == 1, form


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_a_secret_is_found_inside_the_base64_of_a_longer_text(watch, secret, before):
    text = base64.b64encode(f"{before}{secret}behind".encode())
    watch.note(text, "a request")
    assert len(watch.take_leaks()) == 1


@pytest.fixture
def key_file(tmp_path):
    file = tmp_path / "client.key"
    command = ["openssl", "genpkey", "-algorithm", "RSA", "-out", file]
    subprocess.run(command, check=True, capture_output=True)
    return file


def test_a_private_key_is_found_in_the_forms_in_which_it_travels(watch, key_file, tmp_path):
    watch.plant_key(key_file, "the key")
    pem = key_file.read_text()
    body = "".join(pem.splitlines()[1:-1])
    for leaked in (
        pem.encode(),
        pem.replace("\n", "\\n").encode(),
        base64.b64encode(pem.encode()),
        base64.b64decode(body),
    ):
        watch.note(leaked, "a log")
        assert len(watch.take_leaks()) == 1
    watch.note("-----BEGIN PRIVATE KEY-----", "a log")
    watch.look_into(tmp_path)
    assert watch.take_leaks() == [], "it is the test's own file"
    (tmp_path / "state.json").write_text(pem)
    watch.look_into(tmp_path)
    assert len(watch.take_leaks()) == 1


def test_a_secret_in_what_a_function_raises_is_found(watch, secret):
    @planted.watched_call
    def update(text):
        raise ValueError(text)

    for text, leaks in (("nothing", 0), (f"cannot log in with {secret}", 1)):
        with pytest.raises(ValueError):
            update(text)
        assert len(watch.take_leaks()) == leaks


def test_a_secret_on_a_command_line_is_found_unless_the_test_put_it_there(watch, secret, talker):
    shell = ["sh", "-c", "read waits", f"--token={secret}"]
    with subprocess.Popen(shell, stdin=subprocess.PIPE) as process:
        watch.note_command_line(process.pid, shell)
        assert watch.take_leaks() == []
        watch.note_command_line(process.pid, [])
        assert len(watch.take_leaks()) == 1
        process.communicate(b"\n", timeout=10)


def test_row_data_may_be_in_a_destination_and_in_no_message(watch, tmp_path):
    data = watch.plant_data("row data " + secrets.token_hex(8), "row data")
    (tmp_path / "warehouse.db").write_text(data)
    watch.look_into(tmp_path)
    watch.note_destination(data, "a saved state")
    assert watch.take_leaks() == []
    watch.note(f"error: {data}", "a log")
    assert watch.take_leaks() == ["row data stands in a log"]


LEAKING_TEST = """
import planted

def test_that_looks_at_nothing(ringsync, tmp_path):
    secret = planted.WATCH.plant("Pw-0123456789abcdef", "the password")
    {leak}
"""


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("leak", "told"),
    [
        ("ringsync.run(secret)", "standard output"),
        ("ringsync.start(secret).communicate()", "stdout"),
        ("(tmp_path / 'summary.json').write_text(secret)", "summary.json"),
        ("print(secret)", "Captured stdout"),
        ("ringsync.run('nothing')", None),
    ],
)
def test_a_test_that_leaves_a_secret_fails_by_itself(tmp_path, talker, leak, told):
    """A whole run of pytest with this folder's conftest, of a test that looks at nothing itself."""
    test = tmp_path / "test_leak.py"
    test.write_text(LEAKING_TEST.format(leak=leak))
    folder = REPOSITORY / "tests/integration"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "conftest", "-p", "no:cacheprovider",
         "--rootdir", tmp_path, test],
        cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False,
        env={**os.environ, "PYTHONPATH": str(folder), "RINGSYNC": str(talker.program)},
    )  # fmt: skip
    if told is None:
        assert done.returncode == 0, done.stdout
        return
    assert done.returncode == 1, done.stdout + done.stderr
    assert "the password stands in " in done.stdout and told in done.stdout, done.stdout
