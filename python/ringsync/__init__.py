"""Cassandra and ScyllaDB keyspaces: a connector for Fivetran, and tables as Arrow streams.

`schema` and `update` are what a project of Fivetran's Connector SDK hands to `Connector`;
`validate_configuration` checks a configuration before anything is connected to; `scan` reads a
table into pyarrow, polars or DuckDB. Configurations are dicts with the keys of configuration.json.

Native code runs without the GIL. Ctrl-C interrupts every function in the main thread. A process
that forks must call these functions after the fork, in the process that uses what they return.
"""

from ringsync._connector import schema, update, validate_configuration
from ringsync._core import Scan, __version__
from ringsync._scan import scan
from ringsync.errors import (
    ConfigurationError,
    DestinationError,
    RingsyncError,
    SourceError,
    StateError,
    TableError,
)

__all__ = [
    "ConfigurationError",
    "DestinationError",
    "RingsyncError",
    "Scan",
    "SourceError",
    "StateError",
    "TableError",
    "__version__",
    "scan",
    "schema",
    "update",
    "validate_configuration",
]
