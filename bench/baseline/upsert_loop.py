"""The SDK's ceiling: one dictionary, ready before the clock starts, upserted again and again.

No connector on SDK 2.13.1 can send rows like these faster. `rows` of the configuration says how
often.
"""

import datetime

from fivetran_connector_sdk import Connector
from fivetran_connector_sdk import Operations as op

MOMENT = datetime.datetime(2013, 1, 1, 10, tzinfo=datetime.UTC)
ROW = {
    "carrier": "UA", "flight": 1545, "time_hour": MOMENT, "origin": "EWR", "air_time": 227,
    "arr_delay": 11, "arr_time": 830, "dep_delay": 2, "dep_time": 517, "dest": "IAH",
    "distance": 1400, "sched_arr_time": 819, "sched_dep_time": 515, "tailnum": "N14228",
    "updated_at": MOMENT,
}  # fmt: skip
TYPES = {str: "STRING", int: "INT", datetime.datetime: "UTC_DATETIME"}


def schema(configuration: dict) -> list[dict]:
    del configuration
    return [
        {
            "table": "flights",
            "primary_key": ["carrier", "flight", "time_hour", "origin"],
            "columns": {name: TYPES[type(value)] for name, value in ROW.items()},
        }
    ]


def update(configuration: dict, state: dict) -> None:
    for _ in range(int(configuration["rows"])):
        op.upsert("flights", ROW)
    op.checkpoint(state)


connector = Connector(update=update, schema=schema)
