"""Brings a Cassandra or ScyllaDB keyspace to Fivetran; README.md says how to set it up."""

import json

import ringsync
from fivetran_connector_sdk import Connector
from fivetran_connector_sdk import Logging as log
from fivetran_connector_sdk import Operations as op


def schema(configuration: dict):
    return ringsync.schema(configuration, log=log)


def update(configuration: dict, state: dict):
    ringsync.update(configuration, state, operations=op, log=log)


connector = Connector(update=update, schema=schema)

if __name__ == "__main__":
    with open("configuration.json", encoding="utf-8") as file:
        connector.debug(configuration=json.load(file))
