"""What goes wrong, as exceptions. docs/errors.md of the project says what each code means."""


class RingsyncError(Exception):
    """An error of Ringsync. `code` is its stable name ("timeout"), `message` what happened, to
    what, and what helps. Neither holds row data or a secret."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"error[{self.code}]: {self.message}"


class ConfigurationError(RingsyncError, ValueError):
    """The configuration is wrong, or an argument: nothing was read."""


class SourceError(RingsyncError):
    """The cluster: connection, log-in, rights or schema."""


class TableError(RingsyncError):
    """At least one table failed; the others are done. `tables` holds the error of each by name."""

    def __init__(
        self, code: str, message: str, tables: "dict[str, RingsyncError] | None" = None
    ) -> None:
        super().__init__(code, message)
        self.tables = tables or {}


class DestinationError(RingsyncError):
    """What is written to: it cannot be used, or what is there does not fit."""


class StateError(RingsyncError):
    """The saved state is damaged, or belongs to another source."""
