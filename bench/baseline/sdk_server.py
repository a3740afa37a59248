"""Serves a connector of Fivetran's Connector SDK 2.13.1 over gRPC, as the SDK itself does on
Fivetran's platform, but on a free loopback port, which it prints.

    sdk_server.py FILE        FILE defines `connector = Connector(…)`
"""

import concurrent.futures
import importlib.util
import pathlib
import sys

import fivetran_connector_sdk as sdk
import grpc
from fivetran_connector_sdk.protos import connector_sdk_pb2_grpc


def load(file: pathlib.Path) -> sdk.Connector:
    sys.path.insert(0, str(file.parent))
    spec = importlib.util.spec_from_file_location(file.stem, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.connector


def main() -> None:
    connector = load(pathlib.Path(sys.argv[1]).resolve())
    sdk.Logging.LOG_LEVEL = sdk.Logging.Level.WARNING
    # Workers and limits as in Connector.run.
    server = grpc.server(
        concurrent.futures.ThreadPoolExecutor(max_workers=10),
        options=[
            ("grpc.max_send_message_length", sdk.MAX_MESSAGE_LENGTH),
            ("grpc.max_receive_message_length", sdk.MAX_MESSAGE_LENGTH),
        ],
    )
    connector_sdk_pb2_grpc.add_SourceConnectorServicer_to_server(connector, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"listening on port {port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
