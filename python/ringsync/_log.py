"""Log lines of the native part, on their way to a logger."""

import json
import logging
from typing import Protocol

from ringsync import _core

_LOGGER = logging.getLogger("ringsync")
_LOGGER.addHandler(logging.NullHandler())  # a library is silent until its user wants it to speak


class Log(Protocol):
    """What the Connector SDK's Logging offers."""

    def info(self, message: str, /) -> None: ...
    def warning(self, message: str, /) -> None: ...
    def severe(self, message: str, /) -> None: ...


class StandardLog:
    """The same by Python's logging, as "ringsync"."""

    def info(self, message: str) -> None:
        _LOGGER.info("%s", message)

    def warning(self, message: str) -> None:
        _LOGGER.warning("%s", message)

    def severe(self, message: str) -> None:
        _LOGGER.error("%s", message)


def hand_on(log: Log) -> None:
    """Hands the lines that wait to `log`."""
    for line in _core.take_log_lines():
        entry = json.loads(line)
        message = entry["message"]
        if "code" in entry:
            message = f"error[{entry['code']}]: {message}"
        level = entry["level"]
        if level == "error":
            log.severe(message)
        elif level == "warning":
            log.warning(message)
        else:
            log.info(message)
