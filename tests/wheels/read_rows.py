"""Run by each wheel's own Python, in an environment that holds nothing else: what
`ringsync.update` brings, as JSON on standard output. Needs the standard library only.
"""

import datetime
import json
import sys

import ringsync


class Operations:
    rows: dict = {}

    def upsert(self, table, data):
        self.rows.setdefault(table, []).append({name: told(cell) for name, cell in data.items()})

    def truncate(self, table):
        self.rows[table] = []

    def checkpoint(self, state):
        json.dumps(state)


class Log:
    def info(self, message):
        pass

    def warning(self, message):
        print(message, file=sys.stderr)

    severe = warning


def told(value):
    """What JSON lacks as [kind, text]; everything else as ["json", value]."""
    if isinstance(value, bytes):
        return ["bytes", value.hex()]
    if isinstance(value, datetime.datetime):
        assert value.utcoffset() == datetime.timedelta(0)
        return ["datetime", value.isoformat()]
    if isinstance(value, datetime.date):
        return ["date", value.isoformat()]
    return ["json", value]


with open(sys.argv[1], encoding="utf-8") as file:
    configuration = json.load(file)
operations = Operations()
ringsync.update(configuration, {}, operations, Log())
json.dump(operations.rows, sys.stdout)
