#!/usr/bin/env python3
"""Writes a configuration.json for a node described by cassandra.py's JSON."""

import argparse
import json
import pathlib


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("node", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--keyspace", default="nyc")
    parser.add_argument("--lag", default="30")
    parser.add_argument("--overlap", default="300")
    arguments = parser.parse_args()
    node = json.loads(arguments.node.read_text())
    configuration = {
        "host_1": node["host"],
        "port": str(node["port"]),
        "username": node["username"],
        "password": node["password"],
        "data_center_region": node["datacenter"],
        "keyspace": arguments.keyspace,
        "lag_seconds": arguments.lag,
        "overlap_seconds": arguments.overlap,
    }
    arguments.output.write_text(json.dumps(configuration, indent=2) + "\n")


if __name__ == "__main__":
    main()
