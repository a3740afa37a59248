"""What is wrong is told by `ringsync serve` as the contract wants it: a failed test, a task where
only the user can help, a status otherwise; always what, where, and what to do, never a secret."""

import json
import re

import grpc
import pytest
from cql_values import UNKNOWN_TYPE
from fake_destination import FakeDestination
from fivetran_client import select
from fivetran_connector_sdk.protos import common_pb2

WRONG = {
    "host_1": "no host",
    "port": "seventy",
    "data_center_region": "",
    "keyspace": "",
    "page_size": "0",
    "type_mapping": "loose",
    "tls": "perhaps",
    "initial_sync_start": "yesterday",
    "lag_seconds": "-1",
    "password": "hunter2-hunter2",
}
TESTS = ["connect", "authenticate", "keyspace", "tables"]
SECRET = "a secret that must not be seen"

pytestmark = pytest.mark.sanitized


@pytest.fixture
def small(session, keyspace):
    session.execute(f"CREATE TABLE {keyspace}.small (id int PRIMARY KEY, note text)")
    session.execute(f"INSERT INTO {keyspace}.small (id, note) VALUES (1, 'here')")
    return keyspace


def refusal(call):
    """(task or name of the status, message) of a call that cannot do what it is asked."""
    try:
        responses = list(call())
    except grpc.RpcError as failed:
        return failed.code().name, failed.details()
    tasks = [each.task.message for each in responses if each.WhichOneof("operation") == "task"]
    assert len(tasks) == 1, responses
    return "task", tasks[0]


def answers(fivetran, configuration):
    """{test: "passed", or the code of its failure}, and all that the failures say."""
    codes, told = {}, []
    for test in fivetran.form().tests:
        answer = fivetran.test(test.name, configuration)
        if answer.WhichOneof("response") == "success" and answer.success:
            codes[test.name] = "passed"
            continue
        codes[test.name] = re.match(r"error\[(\w+)\]: ", answer.failure).group(1)
        told.append(answer.failure)
    return codes, "\n".join(told)


def check_all_problems(message):
    for key in set(WRONG) - {"password"}:
        assert key in message, f"{key} is not told of: {message}"


def test_a_configuration_with_everything_wrong_is_told_of_as_a_whole(serve, fivetran):
    for test in fivetran.form().tests:
        answer = fivetran.test(test.name, WRONG)
        assert answer.WhichOneof("response") == "failure"
        check_all_problems(answer.failure)
    with pytest.raises(grpc.RpcError) as failed:
        fivetran.schema(WRONG)
    assert failed.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    check_all_problems(failed.value.details())
    _, message = refusal(lambda: fivetran.update(WRONG))
    check_all_problems(message)
    assert WRONG["password"] not in "\n".join(serve.log_lines)


def test_an_empty_configuration_names_each_required_key(fivetran):
    with pytest.raises(grpc.RpcError) as failed:
        fivetran.schema({})
    for key in ("host_1", "username", "password", "data_center_region", "keyspace"):
        assert key in failed.value.details()


def test_an_unknown_test_is_named_with_those_there_are(fivetran, fivetran_configuration, small):
    known = [test.name for test in fivetran.form().tests]
    assert known == TESTS
    with pytest.raises(grpc.RpcError) as failed:
        fivetran.test("conect", fivetran_configuration(small))
    assert failed.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    message = failed.value.details()
    assert "conect" in message
    assert ", ".join(known) in message


def test_each_test_passes_where_all_is_well(fivetran, fivetran_configuration, small):
    codes, _ = answers(fivetran, fivetran_configuration(small))
    assert codes == dict.fromkeys(TESTS, "passed")


def test_a_wrong_password_is_a_task_and_is_never_shown(
    serve, fivetran, fivetran_configuration, small
):
    configuration = fivetran_configuration(small, password=SECRET)
    kind, message = refusal(lambda: fivetran.update(configuration))
    assert kind == "task"
    assert "username" in message and "password" in message
    codes, told = answers(fivetran, configuration)
    # The node was reached all the same.
    assert codes == {"connect": "passed", **dict.fromkeys(TESTS[1:], "auth")}
    assert told.count("Check `username` and `password`") == 3
    assert SECRET not in "\n".join([message, told, *serve.log_lines])


def test_a_lost_permission_is_a_task_that_names_the_table(
    fivetran, fivetran_configuration, session, small
):
    role = f"role_{small}"
    session.execute(f"CREATE ROLE {role} WITH LOGIN = true AND PASSWORD = '{role}'")
    try:
        configuration = fivetran_configuration(small, username=role, password=role)
        kind, message = refusal(lambda: fivetran.update(configuration))
        assert kind == "task"
        assert "small" in message and "GRANT SELECT" in message
        codes, told = answers(fivetran, configuration)
        assert codes == {**dict.fromkeys(TESTS, "passed"), "tables": "unauthorized"}
        assert "small" in told and "GRANT SELECT" in told
    finally:
        session.execute(f"DROP ROLE {role}")


def test_a_column_of_an_unknown_type_is_named_and_deselected_the_rows_arrive(
    fivetran, fivetran_configuration, session, small
):
    session.execute(f"ALTER TABLE {small}.small ADD labels {UNKNOWN_TYPE}")
    configuration = fivetran_configuration(small)
    codes, told = answers(fivetran, configuration)
    assert codes == {**dict.fromkeys(TESTS, "passed"), "tables": "unsupported_type"}
    assert "labels" in told and "DynamicComposite" in told
    schema = fivetran.schema(configuration)
    (table,) = schema.without_schema.tables
    types = {column.name: column.type for column in table.columns}
    assert types.pop("labels") == common_pb2.UNSPECIFIED and 0 not in types.values()
    _, message = refusal(lambda: fivetran.update(configuration))
    assert "labels" in message

    # Fivetran makes no column of one that is deselected.
    selected = {column.name: column.name != "labels" for column in table.columns}
    del table.columns[list(selected).index("labels")]
    destination = FakeDestination()
    destination.apply_schema(schema)
    destination.apply_all(fivetran.update(configuration, selection=select({"small": selected})))
    rows = list(destination.tables["small"].live().values())
    assert [(row["id"], row["note"]) for row in rows] == [(1, "here")]


def test_a_host_that_is_down_is_a_status_that_names_it(fivetran, fivetran_configuration, small):
    configuration = fivetran_configuration(
        small, port=1, connect_timeout_seconds=1, retry_seconds=0
    )
    kind, message = refusal(lambda: fivetran.update(configuration))
    assert kind == "UNAVAILABLE"
    assert "127.0." in message
    codes, told = answers(fivetran, configuration)
    assert codes == dict.fromkeys(TESTS, "connect")
    assert told.count("127.0.") >= len(TESTS)


def test_an_unknown_keyspace_is_named(fivetran, fivetran_configuration, small):
    configuration = fivetran_configuration("nowhere_to_be_found")
    codes, told = answers(fivetran, configuration)
    assert codes == {**dict.fromkeys(TESTS, "passed"), "keyspace": "schema", "tables": "schema"}
    assert told.count("nowhere_to_be_found") >= 2
    with pytest.raises(grpc.RpcError) as failed:
        fivetran.schema(configuration)
    assert "nowhere_to_be_found" in failed.value.details()
    _, message = refusal(lambda: fivetran.update(configuration))
    assert "nowhere_to_be_found" in message


def synced_state(fivetran, configuration):
    return json.loads(fivetran.sync(FakeDestination(), configuration))


DAMAGED = {
    "no JSON": "{",
    "another shape": '[1, 2, "three"]',
    "a word": '"state"',
}


@pytest.mark.parametrize("state", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_state_is_a_task(fivetran, fivetran_configuration, small, state):
    kind, message = refusal(lambda: fivetran.update(fivetran_configuration(small), state))
    assert kind == "task"
    assert "state" in message and "re-sync" in message.lower().replace("resync", "re-sync")


def test_a_state_whose_inside_is_damaged_is_a_task(fivetran, fivetran_configuration, small):
    configuration = fivetran_configuration(small)
    state = synced_state(fivetran, configuration)
    state["tables"] = {name: "gone" for name in state["tables"]}
    kind, message = refusal(lambda: fivetran.update(configuration, json.dumps(state)))
    assert (kind, "state" in message) == ("task", True)


def test_a_state_of_a_newer_version_is_told_of(fivetran, fivetran_configuration, small):
    configuration = fivetran_configuration(small)
    state = synced_state(fivetran, configuration)
    state["ringsync"] += 1
    kind, message = refusal(lambda: fivetran.update(configuration, json.dumps(state)))
    assert kind == "task"
    assert "version" in message and str(state["ringsync"]) in message


def test_a_state_of_another_keyspace_is_told_of(
    fivetran, fivetran_configuration, session, small, nyc
):
    state = synced_state(fivetran, fivetran_configuration(nyc, tables="airlines"))
    _, message = refusal(lambda: fivetran.update(fivetran_configuration(small), json.dumps(state)))
    assert small in message and nyc in message


def test_a_table_that_fails_lets_the_others_finish_and_is_named(
    fivetran, fivetran_configuration, session, small
):
    session.execute(f"CREATE TABLE {small}.numbers (id int PRIMARY KEY, big varint)")
    session.execute(f"INSERT INTO {small}.numbers (id, big) VALUES (1, {2**70})")
    configuration = fivetran_configuration(small)
    destination = FakeDestination()
    destination.apply_schema(fivetran.schema(configuration))
    message = ""
    try:
        for response in fivetran.update(configuration):
            destination.apply(response)
    except grpc.RpcError as failed:
        message = failed.details()
    message += "\n".join(destination.tasks)
    assert "numbers" in message and "big" in message and "type_mapping" in message
    assert len(destination.tables["small"].live()) == 1
    assert str(2**70) not in message
    assert json.loads(destination.states[-1])["tables"]["small"]


def test_values_that_cannot_be_held_become_null_where_asked_and_are_warned_of(
    fivetran, fivetran_configuration, session, small
):
    session.execute(f"CREATE TABLE {small}.numbers (id int PRIMARY KEY, big varint)")
    session.execute(f"INSERT INTO {small}.numbers (id, big) VALUES (1, {2**70})")
    session.execute(f"INSERT INTO {small}.numbers (id, big) VALUES (2, {2**62})")
    destination = FakeDestination()
    fivetran.sync(destination, fivetran_configuration(small, on_unrepresentable="null"))
    rows = {row["id"]: row["big"] for row in destination.tables["numbers"].live().values()}
    assert rows == {1: None, 2: 2**62}
    (warning,) = destination.warnings
    assert "numbers" in warning and "big" in warning


def test_names_that_become_one_in_fivetran_are_told_of_before_any_row(
    fivetran, fivetran_configuration, session, small
):
    session.execute(f'CREATE TABLE {small}.clash (id int PRIMARY KEY, "a b" int, a_b int)')
    session.execute(f"INSERT INTO {small}.clash (id, a_b) VALUES (1, 2)")
    message = ""
    upserts = []
    try:
        for response in fivetran.update(fivetran_configuration(small)):
            records = response.structured_records.structured_records
            upserts += [record for record in records if record.table_name == "clash"]
            message += response.task.message + response.warning.message
    except grpc.RpcError as failed:
        message += failed.details()
    assert not upserts
    assert "clash" in message and "a b" in message and "a_b" in message
