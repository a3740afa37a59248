"""The server around Fivetran's methods: where it listens, health, reflection, its log, its end; and
the executable that Fivetran's build makes."""

import collections
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import resource
import socket
import subprocess
import threading

import grpc
import planted
import pytest
from fake_destination import FakeDestination
from fivetran_client import Client, Server, until
from half_sent import GREETING, HalfSent
from sockets import silent_host

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
CONNECTOR = REPOSITORY / "build/Release/ringsync_connector"
SERVICE = "fivetran_sdk.v2.SourceConnector"
MESSAGE_BYTES = 128 << 20  # Fivetran's limit of a message
CALLS_OF_A_CONNECTION = 8
SYNCS = 64  # at once
CONNECTIONS = 256  # at once
SERVING = b"\x08\x01"  # HealthCheckResponse{status: SERVING}


def raw_call(port, method, request, host="127.0.0.1"):
    """A unary call whose messages are bytes: no generated class stands between."""
    with grpc.insecure_channel(f"{host}:{port}") as channel:
        return channel.unary_unary(method)(request, timeout=30, wait_for_ready=True)


@pytest.mark.sanitized
def test_health_is_told_for_the_server_and_its_service(serve):
    check = "/grpc.health.v1.Health/Check"
    assert raw_call(serve.port, check, b"") == SERVING
    name = SERVICE.encode()
    assert raw_call(serve.port, check, b"\x0a" + bytes([len(name)]) + name) == SERVING
    with pytest.raises(grpc.RpcError) as failed:
        raw_call(serve.port, check, b"\x0a\x04none")
    assert failed.value.code() == grpc.StatusCode.NOT_FOUND


@pytest.mark.sanitized
def test_reflection_lists_the_service(serve):
    method = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
    with grpc.insecure_channel(f"127.0.0.1:{serve.port}") as channel:
        list_services = b"\x3a\x00"
        answers = channel.stream_stream(method)(iter([list_services]), timeout=30)
        assert SERVICE.encode() in b"".join(answers)


@pytest.mark.sanitized
def test_a_message_over_fivetrans_limit_is_refused(serve, fivetran):
    with pytest.raises(grpc.RpcError) as failed:
        raw_call(serve.port, f"/{SERVICE}/Test", bytes(MESSAGE_BYTES + 1))
    assert failed.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert fivetran.form().fields


@pytest.mark.sanitized
def test_one_connection_has_a_limit_of_calls_and_the_next_waits_for_its_turn(serve):
    with grpc.insecure_channel(f"127.0.0.1:{serve.port}") as channel:
        watch = channel.unary_stream("/grpc.health.v1.Health/Watch")
        check = channel.unary_unary("/grpc.health.v1.Health/Check")
        calls = [watch(b"", wait_for_ready=True) for _ in range(CALLS_OF_A_CONNECTION)]
        for call in calls:
            assert next(call) == SERVING  # it is under way
        with pytest.raises(grpc.RpcError) as waited:
            check(b"", timeout=1)
        assert waited.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        with Client(serve.port) as other:
            assert other.form().fields
        calls[0].cancel()
        assert check(b"", timeout=30) == SERVING
        for call in calls:
            call.cancel()


@pytest.fixture
def silent():
    """A configuration whose host says nothing."""
    with silent_host(connect_timeout_seconds="15") as configuration:
        yield configuration


@pytest.mark.timeout(120)
def test_requests_of_syncs_under_way_take_no_more_memory_than_is_said(serve, silent, measured):
    """Each keeps its request to its end: 256 MiB of them are taken, whatever a client sends."""
    state = " " * (60 << 20) + "{}"
    calls, refused = [], 0
    with Client(serve.port) as client:
        for _ in range(8):
            call = client.update(silent, state)
            calls.append(call)
            under_way = len(calls) - refused
            until(lambda: call.done() or taken(serve) == under_way, "an answer")  # noqa: B023
            refused += call.done() and call.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert refused == len(calls) - taken(serve) and taken(serve) == 4
        peak_mib = serve.usage().peak_kib / 1024
        measured(f"8 requests of 60 MiB, 4 of them refused: peak {peak_mib:.0f} MiB")
        assert peak_mib < 1024
        for call in calls:
            call.cancel()
    with Client(serve.port) as client:
        assert client.form().fields


@pytest.mark.timeout(120)
def test_requests_of_other_calls_count_too(serve, silent, measured):
    """A test of the connection keeps its configuration for as long as the host says nothing."""
    configuration = {**silent, "of no use": " " * (60 << 20)}

    def code_of_a_test(_):
        with Client(serve.port) as client:
            try:
                return client.test("connect", configuration).WhichOneof("response")
            except grpc.RpcError as failed:
                return failed.code()

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        codes = collections.Counter(pool.map(code_of_a_test, range(8)))
    refused = codes[grpc.StatusCode.RESOURCE_EXHAUSTED]
    # More where gRPC has had enough of what arrives at once.
    assert 4 <= refused <= 7 and codes["failure"] == 8 - refused, codes
    peak_mib = serve.usage().peak_kib / 1024
    measured(
        f"8 tests of a configuration of 60 MiB, {refused} of them refused: peak {peak_mib:.0f} MiB"
    )
    assert peak_mib < 1024
    with Client(serve.port) as client:
        assert client.form().fields


@pytest.mark.timeout(240)
def test_messages_that_never_end_take_bounded_memory_and_others_are_served(serve, measured):
    """2 GiB of them, over 32 connections; each could come whole."""
    halves, threads = [], []
    for _ in range(32):
        with contextlib.suppress(ConnectionError):  # it takes no more where it holds too much
            halves.append(HalfSent(serve.port, f"/{SERVICE}/Update", 8, 8 << 20))
            threads.append(threading.Thread(target=halves[-1].send_all, args=[3], daemon=True))
            threads[-1].start()
    for thread in threads:
        thread.join(90)
    peak_mib = serve.usage().peak_kib / 1024
    sent_mib = sum(half.sent_bytes for half in halves) >> 20
    measured(f"{sent_mib} MiB of messages without their end: peak {peak_mib:.0f} MiB")
    for half in halves:
        half.close()
    assert sent_mib > 256, "less than what the server may hold was tried"
    assert peak_mib < 1536
    with Client(serve.port) as client:
        assert client.form().fields


def connect_and_say(port, said):
    """A connection that has said so much and no more."""
    opened = socket.create_connection(("127.0.0.1", port), timeout=30)
    with contextlib.suppress(ConnectionError):  # the server may have closed it by now
        opened.sendall(said)
    return opened


def is_closed(connection):
    """Whether the other end has closed it; what it sent is read."""
    connection.setblocking(False)
    try:
        while connection.recv(65536):
            pass
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    return True


@contextlib.contextmanager
def many_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.timeout(240)
@pytest.mark.parametrize("said", [GREETING, b""], ids=["idle", "silent"])
def test_connections_beyond_a_number_are_refused_and_those_without_a_call_make_room(
    serve, fivetran_configuration, session, keyspace, measured, said
):
    """A sync under way goes on meanwhile, and memory does not grow with what is tried."""
    rows = 500
    session.execute(f"CREATE TABLE {keyspace}.small (id int PRIMARY KEY)")
    for row in range(rows):
        session.execute(f"INSERT INTO {keyspace}.small (id) VALUES ({row})")
    configuration = fivetran_configuration(keyspace, page_size=10, max_rows_per_second=20)
    with many_descriptors(), contextlib.ExitStack() as held, Client(serve.port) as client:
        responses = client.update(configuration)
        destination = FakeDestination()
        destination.apply_schema(client.schema(configuration))
        destination.apply(next(responses))
        before = serve.usage()
        tried = [held.enter_context(connect_and_say(serve.port, said)) for _ in range(2000)]
        until(lambda: sum(map(is_closed, tried)) >= 2000 - CONNECTIONS, "refusals")
        # In the place of those whose time has run out since.
        tried += [held.enter_context(connect_and_say(serve.port, said)) for _ in range(CONNECTIONS)]
        with grpc.insecure_channel(f"127.0.0.1:{serve.port}") as channel:
            with pytest.raises(grpc.RpcError) as refused:
                channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=30)
            assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
        after = serve.usage()
        kept = len(tried) - sum(map(is_closed, tried))
        grown_kib = after.resident_kib - before.resident_kib
        measured(
            f"{len(tried)} connections, {kept} of them kept:"
            f" {after.descriptors - before.descriptors} descriptors and"
            f" {grown_kib / 1024:.1f} MiB more"
        )
        assert CONNECTIONS - 20 <= kept < CONNECTIONS
        assert after.descriptors - before.descriptors <= CONNECTIONS
        assert grown_kib < 20 << 10
        assert not any("ended" in message for message in serve.messages("INFO"))
        destination.apply_all(responses)  # to its end, over the connection that it had
        assert len(destination.tables["small"].live()) == rows
        until(lambda: all(map(is_closed, tried)), "the end of connections without a call")
        with Client(serve.port) as other:
            assert other.form().fields
    until(lambda: serve.messages("WARNING"), "a word about it")
    (warning,) = serve.messages("WARNING")
    assert warning == f"error[busy]: connections are refused: {CONNECTIONS} are open"


@pytest.mark.timeout(120)
def test_a_server_whose_descriptors_ran_out_takes_connections_again(ringsync):
    def few_descriptors():
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    with Server(ringsync.program, ringsync.folder, preexec_fn=few_descriptors) as server:
        with contextlib.ExitStack() as held:
            for _ in range(100):
                held.enter_context(connect_and_say(server.port, GREETING))
            until(lambda: server.messages("WARNING"), "a word about it")
        with Client(server.port) as client:
            assert client.form().fields
        (warning,) = server.messages("WARNING")
        assert warning == "error[busy]: a connection waits: Too many open files"


CODED = re.compile(r"error\[(\w+)\]: .")


def refusals(serve, silent):
    """(what is wrong, status, code) and the error that a call with that ends with, each in turn."""
    with grpc.insecure_channel(f"127.0.0.1:{serve.port}") as channel, Client(serve.port) as client:
        no_request = channel.unary_stream(f"/{SERVICE}/Update")
        unknown = {"host_1": "127.0.0.1", "of no use": "x"}
        down = {**silent, "port": "1", "connect_timeout_seconds": "1", "retry_seconds": "0"}
        yield "an unknown test", "INVALID_ARGUMENT", "request", lambda: client.test("conect", {})
        yield "bytes", "INVALID_ARGUMENT", "request", lambda: list(no_request(b"\xff", timeout=30))
        yield "keys", "INVALID_ARGUMENT", "config", lambda: client.schema(unknown)
        yield "a sync's keys", "INVALID_ARGUMENT", "config", lambda: list(client.update(unknown))
        yield "a host", "UNAVAILABLE", "connect", lambda: client.schema(down)
        yield "a sync's host", "UNAVAILABLE", "connect", lambda: list(client.update(down))
    with contextlib.ExitStack() as clients:
        callers = [
            clients.enter_context(Client(serve.port))
            for _ in range(SYNCS // CALLS_OF_A_CONNECTION + 1)
        ]
        calls, before = [], taken(serve)
        while (begun := taken(serve) - before) < SYNCS:
            call = callers[begun // CALLS_OF_A_CONNECTION].update(silent)
            until(lambda: call.done() or taken(serve) - before > begun, "an answer")  # noqa: B023
            calls.append(call)
        last = callers[-1]
        yield "a sync more", "RESOURCE_EXHAUSTED", "busy", lambda: list(last.update(silent))
        for call in calls:
            call.cancel()


@pytest.mark.timeout(120)
def test_every_refusal_tells_its_code_and_so_does_every_line_of_the_log_on_one(
    ringsync, serve, silent
):
    for what, status, code, call in refusals(serve, silent):
        with pytest.raises(grpc.RpcError) as refused:
            call()
        told = refused.value.details()
        assert (refused.value.code().name, CODED.match(told).group(1)) == (status, code), (
            what,
            told,
        )
        assert f"error[{code}]" in ringsync.run("help", code).stdout
    with Client(serve.port) as client:
        for test in client.form().tests:
            assert CODED.match(client.test(test.name, {}).failure).group(1) == "config", test.name

    def told():
        return serve.messages("WARNING") + serve.messages("SEVERE")

    until(lambda: len(told()) >= 9, "the log's last line")  # its lines are read beside the calls
    for message in told():
        assert CODED.search(message) or "is no key of the configuration" in message, message


def taken(serve):
    return sum("begun" in line for line in list(serve.log_lines))


def free_port(family, host):
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


@pytest.mark.sanitized
def test_a_port_in_use_is_an_error_that_names_it(ringsync, serve):
    second = ringsync.run("serve", "--address", "127.0.0.1", "--port", serve.port)
    assert second.returncode == 2
    lines = [json.loads(line) for line in second.stdout.splitlines()]
    assert lines[-1]["level"] == "SEVERE"
    assert "error[listen]" in lines[-1]["message"] and str(serve.port) in lines[-1]["message"]
    assert "listening" not in second.stdout


@pytest.mark.sanitized
@pytest.mark.parametrize("held", [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)])
def test_a_port_that_anybody_has_on_either_protocol_is_an_error_on_all_addresses(ringsync, held):
    host, family = held
    with socket.socket(family) as listener:
        listener.bind((host, 0))
        listener.listen()
        port = listener.getsockname()[1]
        second = ringsync.run("serve", "--port", port)
    assert second.returncode == 2, second.stdout
    assert "error[listen]" in second.stdout


@contextlib.contextmanager
def started(process):
    """The first message of its log; ends the server afterwards."""
    try:
        yield json.loads(process.stdout.readline())["message"]
    finally:
        process.terminate()
        assert process.wait(30) == 0
        process.stdout.close()
        process.stderr.close()


@pytest.mark.sanitized
def test_it_listens_on_an_ipv6_address(ringsync):
    port = free_port(socket.AF_INET6, "::1")
    with started(ringsync.start("serve", "--address", "::1", "--port", port)) as message:
        assert f"[::1]:{port}" in message
        assert raw_call(port, "/grpc.health.v1.Health/Check", b"", host="[::1]") == SERVING


@pytest.mark.sanitized
def test_with_a_port_alone_it_answers_on_ipv4_and_ipv6(ringsync):
    try:
        port = free_port(socket.AF_INET6, "::1")
    except OSError as missing:
        pytest.fail(
            f"this machine has no IPv6 ({missing}), and this test needs it: enable the loopback"
            " address ::1",
            pytrace=False,
        )
    with started(ringsync.start("serve", "--port", port)) as message:
        assert f":{port}" in message
        for host in ("127.0.0.1", "[::1]"):
            assert raw_call(port, "/grpc.health.v1.Health/Check", b"", host=host) == SERVING, host
            with Client(port, host) as client:
                assert [test.name for test in client.form().tests][0] == "connect", host


@pytest.mark.sanitized
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "--port is missing"),
        (["--port", "70000"], "0 to 65535"),
        (["--port", "x"], "0 to 65535"),
        (["--port", "0", "--address", "http://x"], "--address"),
        (["--port", "0", "--memory-mib", "1 GB"], '"1 GB" is no number from 256 to 1048576'),
        (["--port", "0", "--memory-mib", "255"], "256 to 1048576"),
        (["--port", "0", "--configuration", "c.json"], "--configuration"),
    ],
)
def test_a_wrong_command_line_is_told_of(ringsync, arguments, told):
    ended = ringsync.run("serve", *arguments)
    assert ended.returncode == 2
    assert told in ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def connector():
    """What `make build_connector` leaves of this source."""
    subprocess.run(["make", "build_connector"], cwd=REPOSITORY, check=True)
    assert [each.name for each in CONNECTOR.parent.iterdir()] == [CONNECTOR.name]
    return CONNECTOR


def test_the_connector_needs_nothing_but_the_c_library(connector):
    listed = subprocess.run(
        ["readelf", "-d", connector], capture_output=True, text=True, check=True
    )
    needed = set(re.findall(r"NEEDED.*\[(.*)\]", listed.stdout))
    assert needed <= {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"}
    assert "libc.so.6" in needed
    sections = subprocess.run(["readelf", "-S", connector], capture_output=True, text=True)
    assert ".debug_info" not in sections.stdout and ".symtab" not in sections.stdout


def test_the_connector_is_run_with_a_port_alone_and_serves(
    connector, ringsync, fivetran_configuration, session, keyspace, measured
):
    session.execute(f"CREATE TABLE {keyspace}.small (id int PRIMARY KEY, note text)")
    session.execute(f"INSERT INTO {keyspace}.small (id, note) VALUES (1, 'here')")
    port = free_port(socket.AF_INET, "127.0.0.1")
    process = planted.WatchedProcess(
        [connector, "--port", str(port), "--address", "127.0.0.1"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=ringsync.folder,
    )  # fmt: skip
    with started(process) as message:
        assert f":{port}" in message
        with Client(port) as client:
            assert client.test("tables", fivetran_configuration(keyspace)).success
            responses = list(client.update(fivetran_configuration(keyspace)))
        assert any(each.WhichOneof("operation") == "checkpoint" for each in responses)
        peak = re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text())
        measured(
            f"the connector: {os.path.getsize(connector) / 1e6:.1f} MB, peak"
            f" {int(peak.group(1)) / 1024:.1f} MiB"
        )


@pytest.mark.sanitized
def test_the_log_has_no_other_lines_than_fivetrans(serve, fivetran):
    assert fivetran.form().fields
    entries = serve.log()
    assert any("listening on 127.0.0.1:" in entry["message"] for entry in entries)
    assert isinstance(serve, Server)
