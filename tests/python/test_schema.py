"""schema: the tables as the Connector SDK wants them declared."""

import pytest
import ringsync

# The table of the original example.
EXAMPLE = {
    "ascii": "STRING", "text": "STRING", "varchar": "STRING", "tinyint": "INT", "smallint": "INT",
    "int": "INT", "bigint": "LONG", "varint": "LONG", "float": "FLOAT", "double": "DOUBLE",
    "decimal": "DOUBLE", "boolean": "BOOLEAN", "timestamp": "UTC_DATETIME", "date": "NAIVE_DATE",
    "uuid": "STRING", "timeuuid": "STRING", "blob": "STRING",
}  # fmt: skip


@pytest.fixture
def shop(session, keyspace):
    columns = ", ".join(f"c_{kind} {kind}" for kind in EXAMPLE)
    session.execute(f"CREATE TABLE {keyspace}.types (id int PRIMARY KEY, {columns})")
    session.execute(
        f'CREATE TABLE {keyspace}."Orders" (region text, id uuid, total decimal, tags set<text>,'
        " PRIMARY KEY (region, id))"
    )
    return keyspace


def test_types_are_the_original_examples(configuration, shop):
    tables = {table["table"]: table for table in ringsync.schema(configuration(shop))}
    assert set(tables) == {"types", "Orders"}
    assert tables["types"]["primary_key"] == ["id"]
    columns = tables["types"]["columns"]
    assert columns == {"id": "INT", **{f"c_{kind}": type_ for kind, type_ in EXAMPLE.items()}}
    assert tables["Orders"]["primary_key"] == ["region", "id"]
    assert tables["Orders"]["columns"]["tags"] == "JSON"


def test_lossless_types_and_decimals_with_their_size(configuration, shop):
    chosen = configuration(
        shop, type_mapping="lossless", decimal_types="Orders.total=DECIMAL(18,2)", tables="Orders"
    )
    (orders,) = ringsync.schema(chosen)
    assert orders["columns"]["total"] == {"type": "DECIMAL", "precision": 18, "scale": 2}
    (types,) = ringsync.schema(configuration(shop, type_mapping="lossless", tables="types"))
    assert types["columns"]["c_varint"] == "STRING"
    assert types["columns"]["c_blob"] == "BINARY"


def test_a_wrong_password_a_missing_keyspace_and_a_dead_host_have_the_programs_codes(
    configuration, shop
):
    for code, wrong in (
        ("auth", {"password": "wrong-password"}),
        ("schema", {"keyspace": "no_such_keyspace"}),
        ("connect", {"port": "1", "connect_timeout_seconds": "2"}),
    ):
        with pytest.raises(ringsync.SourceError) as raised:
            ringsync.schema({**configuration(shop), **wrong})
        assert raised.value.code == code
        assert "wrong-password" not in str(raised.value)


def test_a_table_that_does_not_exist_is_named(configuration, shop):
    with pytest.raises(ValueError, match="Ordres") as raised:
        ringsync.schema(configuration(shop, tables="Ordres"))
    assert raised.value.code == "unknown_table"
