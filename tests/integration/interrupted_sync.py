"""A sync into a DuckDB file to which something happens while it reads, again and again."""

import contextlib
import dataclasses
import json
import pathlib
import time

FIRST_PAGES = 12  # of them eight at most are of the probe


@dataclasses.dataclass
class Sync:
    """`keys`: its configuration. Each run has its own trace of pages, and its own summary."""

    ringsync: object
    folder: pathlib.Path
    keys: dict

    @property
    def keyspace(self):
        return self.keys["keyspace"]

    @property
    def database(self):
        return self._file("db")

    @property
    def trace(self):
        return self._file("pages.jsonl")

    @property
    def summary(self):
        return self._file("summary.json")

    def _file(self, ending):
        # Not by the keyspace's name alone, which DuckDB would take for both.
        return self.folder / f"of_{self.keyspace}.{ending}"

    def arguments(self, *more, **keys):
        self.trace.unlink(missing_ok=True)
        configuration = self.folder / f"configuration_of_{self.keyspace}.json"
        configuration.write_text(json.dumps({**self.keys, **keys}))
        return [
            "sync", "--configuration", configuration, "--to", f"duckdb:{self.database}",
            "--trace-pages", self.trace, "--summary-json", self.summary, "--progress", "none",
            *more,
        ]  # fmt: skip

    def run(self, *more, **keys):
        return self.ringsync.run(*self.arguments(*more, **keys), timeout_s=300)

    @contextlib.contextmanager
    def in_mid_scan(self, *more, **keys):
        """The process of a sync that has read its first pages; ended with the block."""
        log = self._file("log")
        with open(log, "wb") as output:
            process = self.ringsync.start(*self.arguments(*more, **keys), stderr=output)
        process.log = log
        try:
            deadline = time.monotonic() + 90
            while len([page for page in self.pages() if page["table"] == "readings"]) < FIRST_PAGES:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, f"no pages came: {log.read_text()}"
                time.sleep(0.01)
            yield process
        finally:
            process.kill()
            process.wait(timeout=30)
            process.stdout.close()

    def pages(self):
        """What was noted of pages that came, in their order."""
        if not self.trace.exists():
            return []
        lines = self.trace.read_text().splitlines(keepends=True)
        noted = [json.loads(line) for line in lines if line.endswith("\n")]
        return [line for line in noted if "error" not in line]

    def pages_since(self, unix_s):
        return sum(page["unix_ms"] > unix_s * 1000 for page in self.pages())

    def pages_between(self, began_unix_s, ended_unix_s):
        return self.pages_since(began_unix_s) - self.pages_since(ended_unix_s)

    def tables(self):
        summary = json.loads(self.summary.read_text())
        return {table["name"]: table for table in summary["tables"]}

    def rows_sent(self):
        return sum(table["rows_sent"] for table in self.tables().values())


def finish(process, timeout_s=600):
    """Waits for the end of a sync; its exit code and its log."""
    process.wait(timeout=timeout_s)
    return process.returncode, process.log.read_text()
