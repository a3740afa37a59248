"""What went wrong in a job of Spark, told without what may be data."""

import re
from collections.abc import Iterator
from typing import Any

from py4j.protocol import Py4JError, Py4JJavaError
from pyspark.errors import PySparkException

from ringsync.errors import DestinationError, RingsyncError

# Of causes of these, the text is told: they name paths.
_OF_FILES = ("java.io.", "java.nio.", "org.apache.hadoop.")


def failure_of(error: Exception, table: str, place: str = "") -> RingsyncError:
    """What the table's end is told as. Texts of Spark may hold data: what is told of them is an
    error of Ringsync's within, or what a file system said, but for `place`, whose paths may hold
    values."""
    if isinstance(error, RingsyncError):
        return error
    if not isinstance(error, PySparkException | Py4JError):
        told = f"ended by {type(error).__name__}; its text may hold data and is not shown"
        return RingsyncError("internal", told)
    ours = re.search(r"error\[([a-z_]+)\]: ([^\n]+)", str(error))
    if ours:
        return RingsyncError(ours[1], ours[2].removeprefix(f"table {table}: "))
    thrown = error.java_exception if isinstance(error, Py4JJavaError) else _origin(error)
    causes = list(_causes(thrown))
    for cause in causes:
        kind = cause.getClass().getName()
        if kind.startswith(_OF_FILES):
            told = f"{place}: {kind}" if place else str(cause.toString()).splitlines()[0]
            return DestinationError("destination", told)
    kind = causes[-1].getClass().getName() if causes else type(error).__name__
    told = f"{place}: " if place else ""
    return DestinationError(
        "destination", f"{told}Spark's job failed by {kind}; Spark's own log tells more"
    )


def _origin(error: Exception) -> Any:
    return getattr(error, "_origin", None)


def _causes(thrown: Any) -> Iterator[Any]:
    while thrown is not None:
        yield thrown
        thrown = thrown.getCause()
