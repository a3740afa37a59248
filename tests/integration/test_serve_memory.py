"""`serve` has no more memory than it is given, whatever a host sends that a client names."""

import concurrent.futures
import contextlib
import signal

import grpc
import hostile_host
import pytest
from fivetran_client import Client, Server, Usage, until

LIMIT_MIB = 512
INTERRUPTED = 130


def ended_by(serve, port, call):
    """Has `serve` connect to what listens there, waits for its end and returns its peak in KiB."""
    configuration = {
        "host_1": "127.0.0.1", "port": str(port), "username": "u", "password": "p",
        "data_center_region": "dc1", "keyspace": "k", "connect_timeout_seconds": "30",
    }  # fmt: skip
    peak_kib = 0

    def has_ended():
        nonlocal peak_kib
        if serve.process.poll() is not None:
            return True
        with contextlib.suppress(KeyError):  # between its end and the parent's notice
            peak_kib = max(peak_kib, Usage.of(serve.process.pid).peak_kib)
        return False

    with Client(serve.port) as client, concurrent.futures.ThreadPoolExecutor(1) as pool:
        begun = pool.submit(call, client, configuration)
        until(has_ended, "the server has ended")
        assert begun.exception(30).code() == grpc.StatusCode.UNAVAILABLE
    return peak_kib


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "answer", [hostile_host.long_frame, hostile_host.many_texts, hostile_host.many_columns]
)
@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda client, given: client.test("connect", given), id="test"),
        pytest.param(lambda client, given: list(client.update(given)), id="sync"),
    ],
)
def test_a_host_that_means_harm_gets_no_more_memory_than_there_is(ringsync, answer, call, measured):
    with (
        hostile_host.hostile_host(answer) as port,
        Server(ringsync.program, ringsync.folder, "--memory-mib", LIMIT_MIB) as serve,
    ):
        peak_kib = ended_by(serve, port, call)
        assert serve.process.returncode == INTERRUPTED
        (told,) = serve.messages("SEVERE")
        assert told.startswith(f"error[memory]: the server may have {LIMIT_MIB} MiB of memory")
        assert "--memory-mib" in told
        # Rust's own words, which nothing can keep from standard error.
        assert serve.error_lines.pop(0).startswith("memory allocation of")
        serve.error_lines.clear()
        measured(f"{answer.__name__}: resident {peak_kib / 1024:.0f} MiB at most")
        assert 0 < peak_kib <= LIMIT_MIB * 1024


@pytest.mark.timeout(120)
def test_a_type_without_an_end_takes_a_threads_stack_and_no_more(ringsync, measured):
    with (
        hostile_host.hostile_host(hostile_host.deep_type) as port,
        Server(ringsync.program, ringsync.folder, "--memory-mib", LIMIT_MIB) as serve,
    ):
        peak_kib = ended_by(serve, port, lambda client, given: client.test("connect", given))
        assert serve.process.returncode in (-signal.SIGSEGV, -signal.SIGABRT)
        serve.error_lines.clear()  # one of Rust's threads tells of it
        measured(f"resident {peak_kib / 1024:.0f} MiB at most")
        assert 0 < peak_kib <= LIMIT_MIB * 1024


def test_what_the_limit_leaves_is_enough_for_an_ordinary_sync(
    ringsync, fivetran_configuration, nyc, measured
):
    with (
        Server(ringsync.program, ringsync.folder, "--memory-mib", "256") as serve,
        Client(serve.port) as client,
    ):
        assert client.test("tables", fivetran_configuration(nyc)).success
        assert any(
            each.WhichOneof("operation") == "checkpoint"
            for each in client.update(fivetran_configuration(nyc))
        )
        measured(f"resident {serve.usage().peak_kib / 1024:.0f} MiB at most")
