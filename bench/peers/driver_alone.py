"""The Python driver alone: one pass over `flights`, page after page, each row a tuple that nobody
looks at. Prints the number of rows.

    driver_alone.py NODE.json KEYSPACE
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))

import cql_session  # noqa: E402

PAGE_ROWS = 5000


def main() -> None:
    node, keyspace = sys.argv[1:]
    session = cql_session.connect(cql_session.read_node(pathlib.Path(node)))
    statement = session.prepare(f"SELECT * FROM {keyspace}.flights")
    statement.fetch_size = PAGE_ROWS
    pages = session.execute(statement)
    rows = len(pages.current_rows)
    while pages.has_more_pages:
        pages.fetch_next_page()
        rows += len(pages.current_rows)
    session.cluster.shutdown()
    print(rows)


if __name__ == "__main__":
    main()
