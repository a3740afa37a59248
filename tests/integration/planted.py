"""Secrets planted in the tests' configurations, and the watch that looks for them in whatever the
programs under test leave: what they print and log, what they answer, every file of a test's folder
(destinations, saved states, summaries), and other processes' view of their command lines.

A test that leaves one fails in its teardown, whether or not it looked (conftest.py). Row data and
the content of saved states are secrets of another kind: they belong into a destination, and into
no message.

The Python package's tests and the wheels' are watched too. Of the unit tests and the driver
bridge's, what they print is looked at for the secrets that they use (tests/CMakeLists.txt).
"""

import base64
import functools
import mmap
import pathlib
import subprocess
import time
import urllib.parse
from collections.abc import Callable, Iterator

SECRET_CHARACTERS_MIN = 8  # shorter ones stand in a text by chance


def _forms(secret: str) -> set[bytes]:
    """A secret as it is, and as it travels in addresses, in headers and in requests."""
    raw = secret.encode()
    forms = {raw, urllib.parse.quote(secret, safe="").encode(), raw.hex().encode()}
    return forms | {_base64_inside(raw, before) for before in range(3)}


def _base64_inside(raw: bytes, before: int) -> bytes:
    """What the base64 of a longer text shows of `raw` behind so many bytes: without the characters
    at both ends, which depend on what is around it."""
    shown = base64.b64encode(bytes(before) + raw)
    return shown[(before * 8 + 5) // 6 : (before + len(raw)) * 8 // 6]


class Watch:
    """Knows the secrets and gathers where they were met."""

    def __init__(self) -> None:
        self._secrets: dict[str, set[bytes]] = {}  # may stand nowhere
        self._data: dict[str, set[bytes]] = {}  # may stand in files, but in no message
        self._given: set[pathlib.Path] = set()
        self._leaks: list[str] = []

    def plant(self, secret: str, what: str) -> str:
        """Looks for this one from now on; `what` names it where it is found."""
        assert len(secret) >= SECRET_CHARACTERS_MIN, f"{what} is too short to be told from others"
        self._secrets.setdefault(what, set()).update(_forms(secret))
        return secret

    def plant_key(self, file: pathlib.Path, what: str) -> None:
        """The same for a private key (PEM): a line of its middle stands for all of it. Whoever
        wrote the file gives it to the program."""
        lines = [line for line in file.read_text().splitlines() if not line.startswith("-")]
        line = lines[len(lines) // 2]
        self.plant(line, what)
        self._secrets[what].add(base64.b64decode(line))
        self.give(file)

    def plant_data(self, text: str, what: str) -> str:
        """The same for what a destination may hold."""
        assert len(text) >= SECRET_CHARACTERS_MIN, f"{what} is too short to be told from others"
        self._data.setdefault(what, set()).update(_forms(text))
        return text

    def give(self, file: pathlib.Path) -> None:
        """A file that the test itself wrote, secrets included, for the program to read."""
        self._given.add(file)

    def note(self, said: str | bytes | None, where: str) -> None:
        """Looks at something that was printed, logged or answered."""
        if said:
            content = said if isinstance(said, bytes) else said.encode(errors="replace")
            self._look(content, where, self._secrets | self._data)

    def note_destination(self, content: str, where: str) -> None:
        """The same for what a destination keeps."""
        self._look(content.encode(errors="replace"), where, self._secrets)

    def note_command_line(self, pid: int, given: list[str]) -> None:
        """Looks at what every user of the machine sees of a process, but for what it was given."""
        file = pathlib.Path(f"/proc/{pid}/cmdline")
        for _ in range(50):  # it is empty for a moment after the program has begun
            if shown := file.read_bytes():
                break
            time.sleep(0.002)
        for word in given:
            shown = shown.replace(word.encode(), b"")
        self.note(shown, f"the command line of process {pid}")

    def look_into(self, folder: pathlib.Path) -> None:
        """Looks at every file below the folder but those that were given to the program."""
        for file in folder.rglob("*"):
            is_regular = file.is_file() and not file.is_symlink()
            if not is_regular or file in self._given or file.stat().st_size == 0:
                continue
            if file.name.startswith("configuration"):
                continue
            with (
                file.open("rb") as stream,
                mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
            ):
                self._look(content, str(file), self._secrets)

    def take_leaks(self) -> list[str]:
        """What was found since the last call."""
        leaks, self._leaks = self._leaks, []
        return leaks

    def _look(self, content: bytes | mmap.mmap, where: str, secrets: dict[str, set[bytes]]) -> None:
        for what, forms in secrets.items():
            if any(content.find(form) >= 0 for form in forms):
                self._leaks.append(f"{what} stands in {where}")


WATCH = Watch()


class WatchedPipe:
    """A pipe from a program: whatever a test reads of it is noted too."""

    def __init__(self, pipe, where: str) -> None:
        self._pipe, self._where = pipe, where

    def __getattr__(self, name: str):
        return getattr(self._pipe, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.readline, "")

    def __next__(self) -> str:
        if line := self.readline():
            return line
        raise StopIteration

    def read(self, *size: int) -> str:
        return self._noted(self._pipe.read(*size))

    def readline(self, *size: int) -> str:
        return self._noted(self._pipe.readline(*size))

    def readlines(self) -> list[str]:
        return list(self)

    def _noted(self, text: str) -> str:
        WATCH.note(text, self._where)
        return text


class WatchedProcess(subprocess.Popen):
    """A program that was started by a test: what is read of it is noted, and its command line."""

    def __init__(self, arguments: list[str], **options) -> None:
        super().__init__(arguments, **options)
        WATCH.note_command_line(self.pid, [str(word) for word in arguments])
        for name in ("stdout", "stderr"):
            pipe = getattr(self, name)
            if pipe is not None:
                setattr(self, name, WatchedPipe(pipe, f"{name} of {arguments[1:]}"))

    def communicate(self, *arguments, **options) -> tuple[str | None, str | None]:
        both = super().communicate(*arguments, **options)
        for name, text in zip(("stdout", "stderr"), both):
            WATCH.note(text, f"{name} of {self.args[1:]}")
        return both


def watched_call(call: Callable) -> Callable:
    """A function of the Python package: the text of what it raises is noted."""

    @functools.wraps(call)
    def noted(*arguments, **options):
        try:
            return call(*arguments, **options)
        except Exception as error:
            WATCH.note(f"{error!r} {error}", f"what {call.__name__} raises")
            raise

    return noted
