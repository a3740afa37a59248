#!/usr/bin/env python3
"""Starts and stops a PostgreSQL server for tests, with Debian's package `postgresql`.

    postgresql.py start --dir DIR   a fresh server on a free port of 127.0.0.1; prints its JSON,
                                    which is in DIR/server.json too
    postgresql.py stop --dir DIR    ends it and removes its data
    postgresql.py kill --dir DIR    SIGKILL to all of its processes
    postgresql.py again --dir DIR   starts a killed one again, on its data and its port

With `start --durable` a commit that was answered outlives a kill. The JSON holds host, port,
username and password of a superuser, and the server's folder. PostgreSQL refuses to run as root:
root starts it as the user `postgres`. Nothing is synced to disk.
"""

import argparse
import contextlib
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

START_TIMEOUT_S = 60
END_TIMEOUT_S = 30
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "50",
    "max_wal_size": "2GB",
}
# The system is not what dies: what has left the processes need not be on the disk.
DURABLE = {"synchronous_commit": "on", "full_page_writes": "on"}
# Its log takes a little at a time, and nothing of it stays behind a checkpoint. Nothing is written
# but for what it is asked.
SMALL = {
    "min_wal_size": "2MB",
    "wal_recycle": "off",
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
}
SMALL_SEGMENTS = ["--wal-segsize=1"]


class ServerError(Exception):
    """What went wrong, and what the user can do."""


def find_programs() -> Path:
    """The folder of the newest server's programs."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4])
    )
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    if found is None:
        raise ServerError("PostgreSQL is not installed; run tools/setup.sh test")
    return Path(found).resolve().parent


def run(command: list[object], folder: Path) -> None:
    """Runs a program of the server's, as a user that it accepts."""
    words = [str(word) for word in command]
    if os.getuid() == 0:
        words = ["runuser", "-u", "postgres", "--", *words]
    log = folder / "programs.log"
    with log.open("a") as out:
        done = subprocess.run(
            words, cwd=folder, stdout=out, stderr=out, stdin=subprocess.DEVNULL, timeout=300
        )
    if done.returncode != 0:
        raise ServerError(f"{Path(str(command[0])).name} failed:\n{log.read_text()[-2000:]}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(directory: Path, durable: bool = False, small_disk: Path | None = None) -> dict:
    """`small_disk`: where all its files are to be, of which it makes few then."""
    stop(directory)
    programs = find_programs()
    # Not in DIR: the user postgres may not be able to reach it.
    folder = Path(tempfile.mkdtemp(prefix="ringsync-postgresql-", dir=small_disk))
    folder.chmod(0o755)
    if os.getuid() == 0:
        shutil.chown(folder, *pwd.getpwnam("postgres")[2:4])
    password = secrets.token_hex(8)
    secret = folder / "password"
    secret.write_text(password)
    secret.chmod(0o644)
    data = folder / "data"
    server = {
        "host": "127.0.0.1",
        "port": free_port(),
        "username": "postgres",
        "password": password,
        "folder": str(folder),
    }
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "server.json").write_text(json.dumps(server))
    initdb = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256"]
    if small_disk is not None:
        initdb += SMALL_SEGMENTS
    run([*initdb, f"--pwfile={secret}", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"], folder)
    secret.unlink()
    settings = SETTINGS | (DURABLE if durable else {})
    settings |= SMALL if small_disk is not None else {}
    settings |= {"port": server["port"], "unix_socket_directories": folder}
    with (data / "postgresql.conf").open("a") as configuration:
        for name, value in settings.items():
            print(f"{name} = '{value}'", file=configuration)
    run_server(folder)
    return server


def run_server(folder: Path) -> None:
    pg_ctl = [find_programs() / "pg_ctl", "-D", folder / "data", "-l", folder / "server.log"]
    try:
        run([*pg_ctl, "-w", "-t", START_TIMEOUT_S, "start"], folder)
    except ServerError as failure:
        log = (folder / "server.log").read_text()
        raise ServerError(f"{failure}\nits log:\n{log[-2000:]}") from failure


def folder_of(directory: Path) -> Path:
    record = directory / "server.json"
    if not record.is_file():
        raise ServerError(f"no server was started with --dir {directory}")
    return Path(json.loads(record.read_text())["folder"])


def is_alive(pid: int) -> bool:
    """False for one that has ended and is not yet waited for, too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def is_running(directory: Path) -> bool:
    record = folder_of(directory) / "data" / "postmaster.pid"
    try:
        return is_alive(int(record.read_text().splitlines()[0]))
    except (FileNotFoundError, IndexError):
        return False


def kill(directory: Path) -> None:
    """SIGKILL to all of its processes at once."""
    record = folder_of(directory) / "data" / "postmaster.pid"
    first = int(record.read_text().splitlines()[0])
    os.kill(first, signal.SIGSTOP)  # it makes no new ones meanwhile
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    pids = [first, *map(int, children)]
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + END_TIMEOUT_S
    while any(map(is_alive, pids)):
        if time.monotonic() > deadline:
            raise ServerError("killed processes of the server do not end")
        time.sleep(0.01)
    # What says that it runs: its number may be another's soon, or wait to be taken from the system.
    record.unlink()
    for lock in record.parent.parent.glob(".s.PGSQL.*.lock"):
        lock.unlink()


def end_server(folder: Path, mode: str) -> None:
    """`mode`: pg_ctl's."""
    run([find_programs() / "pg_ctl", "-D", folder / "data", "-w", "-m", mode, "stop"], folder)


def stop(directory: Path) -> None:
    """Ends the server that DIR knows of; nothing where there is none."""
    record = directory / "server.json"
    if not record.is_file():
        return
    folder = Path(json.loads(record.read_text())["folder"])
    if (folder / "data" / "postmaster.pid").exists():
        end_server(folder, "immediate")
    shutil.rmtree(folder, ignore_errors=True)
    record.unlink()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["start", "stop", "kill", "again"])
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--durable", action="store_true")
    arguments = parser.parse_args()
    try:
        if arguments.action == "start":
            print(json.dumps(start(arguments.dir, arguments.durable)))
        elif arguments.action == "kill":
            kill(arguments.dir)
        elif arguments.action == "again":
            run_server(folder_of(arguments.dir))
        else:
            stop(arguments.dir)
    except ServerError as error:
        print(f"postgresql: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
