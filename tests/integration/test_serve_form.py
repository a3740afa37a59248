"""The form that Fivetran shows its user, read with Fivetran's own classes: what stands where, what
is hidden, chosen, uploaded or shown only behind a switch."""

import collections

import pytest
from fivetran_client import Client, Server
from fivetran_connector_sdk.protos import common_pb2

# Field by field as the user meets them, a line for each group.
SHOWN = [
    *("host_1", "host_2", "host_3", "port", "username", "password", "data_center_region"),
    *("keyspace", "connect_timeout_seconds", "request_timeout_seconds", "retry_seconds"),
    *("tls", "tls_verify", "tls_ca_file", "tls_cert_file", "tls_key_file"),
    *("tables", "exclude_tables", "include_views"),
    *("cursor_column", "initial_sync_start", "lag_seconds", "overlap_seconds", "index_reads"),
    *("interval_hours", "consistency", "page_size", "max_in_flight", "max_rows_per_second"),
    *("type_mapping", "decimal_types", "on_unrepresentable"),
    *("checkpoint_interval",),
]
REQUIRED = {"host_1", "username", "password", "data_center_region", "keyspace"}
BEHIND_TLS = {"tls_verify", "tls_ca_file", "tls_cert_file", "tls_key_file"}
UPLOADS = {"tls_ca_file", "tls_cert_file", "tls_key_file"}
TOGGLES = {"tls", "include_views"}
CHOICES = {
    "tls_verify": ["ca", "full", "none"],
    "index_reads": ["auto", "never"],
    "consistency": ["ONE", "TWO", "THREE", "QUORUM", "ALL", "LOCAL_QUORUM", "LOCAL_ONE"],
    "type_mapping": ["compatible", "lossless"],
    "on_unrepresentable": ["fail", "null"],
}
DEFAULTS = {
    "port": "9042",
    "connect_timeout_seconds": "5",
    "request_timeout_seconds": "30",
    "retry_seconds": "75",
    "tls": "false",
    "tls_verify": "ca",
    "include_views": "false",
    "cursor_column": "updated_at",
    "lag_seconds": "30",
    "overlap_seconds": "300",
    "index_reads": "auto",
    "interval_hours": "6",
    "consistency": "LOCAL_QUORUM",
    "page_size": "5000",
    "max_in_flight": "0",
    "max_rows_per_second": "0",
    "type_mapping": "compatible",
    "on_unrepresentable": "fail",
    "checkpoint_interval": "1000",
}
# Examples of what has no default; what only the user knows has none.
EXAMPLES = {
    "host_1": "10.0.0.1",
    "host_2": "10.0.0.1",
    "host_3": "10.0.0.1",
    "tables": "flights, weather_*",
    "exclude_tables": "*_old",
    "initial_sync_start": "2024-01-01",
    "decimal_types": "orders.total=DECIMAL(18,2)",
}

pytestmark = pytest.mark.sanitized


@pytest.fixture
def form(ringsync):
    """No cluster is needed for it."""
    with Server(ringsync.program, ringsync.folder) as server, Client(server.port) as client:
        return client.form()


def shown(form):
    """The fields in the order in which they are shown, those behind a condition in their place."""
    fields = []
    for field in form.fields:
        inner = field.conditional_fields.fields
        fields += inner if field.WhichOneof("type") == "conditional_fields" else [field]
    return fields


def of_type(form, name):
    return {field.name: field for field in shown(form) if field.WhichOneof("type") == name}


def test_fields_stand_by_groups_and_each_says_what_it_is(form):
    fields = shown(form)
    assert [field.name for field in fields] == SHOWN
    assert {field.name for field in fields if field.required} == REQUIRED
    labels = collections.Counter(field.label for field in fields)
    assert labels.total() == len(labels) and "" not in labels, "labels tell fields apart"
    for field in fields:
        assert field.WhichOneof("type") is not None, field.name
        assert len(field.description) >= 20 and field.description.endswith("."), field.name
        assert "`" not in field.description + field.label, field.name


def test_certificates_are_asked_for_only_where_tls_is_on(form):
    (conditional,) = [each for each in form.fields if each.HasField("conditional_fields")]
    condition = conditional.conditional_fields.condition
    assert condition.condition_field == "tls"
    assert condition.WhichOneof("visible_when") == "bool_value" and condition.bool_value is True
    behind = {field.name for field in conditional.conditional_fields.fields}
    assert behind == BEHIND_TLS
    plain = [field.name for field in form.fields]
    assert not behind & set(plain)
    assert plain.index("tls") + 1 == plain.index(conditional.name), "the switch is right before"
    assert len(set(plain)) == len(plain)


def test_certificates_and_keys_are_uploaded(form):
    uploads = of_type(form, "upload_field")
    assert set(uploads) == UPLOADS
    for name, field in uploads.items():
        assert set(field.upload_field.allowed_file_type) == {".pem", ".crt", ".cer", ".key"}, name
        assert field.upload_field.max_file_size_bytes == 1 << 20, name
        assert not field.HasField("default_value") and not field.HasField("placeholder"), name


def test_only_the_password_is_hidden(form):
    texts = of_type(form, "text_field")
    hidden = {name for name, field in texts.items() if field.text_field == common_pb2.Password}
    assert hidden == {"password"}
    others = {name for name, field in texts.items() if field.text_field == common_pb2.PlainText}
    assert others == set(SHOWN) - {"password", *UPLOADS, *TOGGLES, *CHOICES}
    assert not texts["password"].HasField("default_value")
    assert not texts["password"].HasField("placeholder")


def test_switches_and_choices_are_offered_not_typed(form):
    assert set(of_type(form, "toggle_field")) == TOGGLES
    assert not of_type(form, "dropdown_field")
    offered = of_type(form, "descriptive_dropdown_fields")
    found = {}
    for name, field in offered.items():
        choices = field.descriptive_dropdown_fields.descriptive_dropdown_field
        found[name] = [choice.value for choice in choices]
        assert all(choice.label and len(choice.description) > 8 for choice in choices), name
        assert field.default_value in found[name], name
    assert found == CHOICES


def test_defaults_and_examples_are_shown(form):
    fields = {field.name: field for field in shown(form)}
    defaults = {name: each.default_value for name, each in fields.items()
                if each.HasField("default_value")}  # fmt: skip
    assert defaults == DEFAULTS
    examples = {name: each.placeholder for name, each in fields.items()
                if each.HasField("placeholder") and name not in DEFAULTS}  # fmt: skip
    assert examples == EXAMPLES
    typed = of_type(form, "text_field").keys() & DEFAULTS.keys()
    assert {name: fields[name].placeholder for name in typed} == {
        name: DEFAULTS[name] for name in typed
    }


def test_it_offers_four_tests_and_the_selection_of_tables(form):
    assert [test.name for test in form.tests] == ["connect", "authenticate", "keyspace", "tables"]
    assert all(len(test.label) > 5 for test in form.tests)
    assert form.table_selection_supported is True
    assert form.schema_selection_supported is False
