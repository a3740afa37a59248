"""The flights' history in windows of six hours, as the original example's document reads it."""

import datetime
from collections.abc import Iterator

WINDOW = datetime.timedelta(hours=6)
START = datetime.datetime(2013, 1, 1)  # in UTC
WINDOWS = 366 * 4  # the least number of whole days that holds every flight


def windows(count: int) -> Iterator[datetime.datetime]:
    """Where `count` of the windows begin, evenly spread over all of them."""
    for number in range(count):
        yield START + number * WINDOWS // count * WINDOW
