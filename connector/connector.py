"""Brings a Cassandra or ScyllaDB keyspace to Fivetran; README.md says how to set it up."""

import contextlib
import json

import ringsync
from fivetran_connector_sdk import Connector
from fivetran_connector_sdk import Logging as log
from fivetran_connector_sdk import Operations as op


@contextlib.contextmanager
def told():
    try:
        yield
    except Exception as error:
        log.severe(str(error))
        raise


def schema(configuration: dict):
    with told():
        return ringsync.schema(configuration, log=log)


def update(configuration: dict, state: dict):
    with told():
        ringsync.update(configuration, state, operations=op, log=log)


connector = Connector(update=update, schema=schema)

if __name__ == "__main__":
    with open("configuration.json", encoding="utf-8") as file:
        connector.debug(configuration=json.load(file))
