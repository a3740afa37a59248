"""One Cassandra node in a directory of its own: start it, find it again, stop it.

The directory holds the node's configuration, data, logs and node.json (address, ports, log-in).
Several nodes make a cluster: give each its own address, the same storage port and seeds.
"""

import contextlib
import dataclasses
import fcntl
import json
import os
import pathlib
import random
import signal
import socket
import ssl
import string
import subprocess
import time

import certificates
import distribution
import native_protocol

USERNAME = PASSWORD = "cassandra"  # what Cassandra creates itself on its first start
# Below the kernel's range for outgoing connections, so that a stopped node finds its ports free.
PORTS = range(20000, 32000)
# Half the processor time until the node answers, and less memory.
_LIGHT_JVM = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_TEMPLATES = distribution.FOLDER / "templates"


class NodeError(Exception):
    """The node could not be started or stopped; the message names the log to read."""


@dataclasses.dataclass
class Options:
    """How a node is started. A port of None: the last one used if still free, else a free one."""

    version: str = distribution.DEFAULT_VERSION
    heap: str = "1g"
    auth: bool = True
    permissions: bool = True  # check what a role may, if `auth`
    num_tokens: int = 16
    datacenter: str = "dc1"
    rack: str = "rack1"
    cluster_name: str = "ringsync"
    address: str = "127.0.0.1"
    native_port: int | None = None
    storage_port: int | None = None
    seeds: tuple[str, ...] = ()  # "address:storage_port"; empty: the node is its own seed
    ring_delay_ms: int = 100  # enough for a single node; a node that joins others needs 8000
    # Ask the other nodes for the data that becomes this node's; without, a new cluster of several
    # nodes is there sooner.
    bootstrap: bool = True
    timeout_s: float = 120
    # Wait for a log-in too, which in a cluster may need nodes that are not up yet.
    await_log_in: bool = True
    # Cheap to start rather than fast to serve: for tests, not for benches.
    light: bool = False
    # Clients must speak TLS and show a certificate; the files are in the directory's tls/. One of
    # certificates.SHOWN: what the node shows of itself. None: it speaks no TLS.
    tls: str | None = None


def start(directory: pathlib.Path, options: Options) -> dict:
    """Starts the node (or finds it running) and returns its description once a log-in succeeds."""
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    with locked(directory):
        running = _running(directory)
        if running:
            _await_ready(directory, running, options)
            return running
        version = distribution.version_named(options.version)
        java = distribution.find_java()
        jars = distribution.jars(version)
        described = _describe(directory, options, version)
        if options.tls:
            certificates.make(directory / "tls", options.address, java, options.tls)
        _write_configuration(directory, options, version, described)
        # Before the launch too: a node whose start was cut off anywhere can be found and stopped.
        write(directory / "node.json", json.dumps(described, indent=2) + "\n")
        process = _launch(directory, _command(java, jars, directory, options, version))
        described["pid"] = process.pid
        write(directory / "node.json", json.dumps(described, indent=2) + "\n")
        write(directory / "cassandra.pid", f"{process.pid}\n")
        try:
            _await_ready(directory, described, options)
        except BaseException:
            process.kill()
            process.wait()
            raise
        return described


def stop(directory: pathlib.Path, timeout_s: float = 60) -> bool:
    """Stops the directory's node by its id; False when none was running."""
    directory = directory.resolve()
    if not directory.is_dir():
        return False
    with locked(directory):
        running = _running(directory)
        if not running:
            return False
        pid = running["pid"]
        for number, patience_s in ((signal.SIGTERM, timeout_s), (signal.SIGKILL, 10)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            deadline = time.monotonic() + patience_s
            while _is_ours(pid, directory):
                if time.monotonic() > deadline:
                    break
                time.sleep(0.05)
            else:
                (directory / "cassandra.pid").unlink(missing_ok=True)
                return True
        raise NodeError(f"Cassandra {pid} of {directory} did not end, even by SIGKILL")


def status(directory: pathlib.Path) -> dict | None:
    """The running node's description, or None."""
    return _running(directory.resolve())


@contextlib.contextmanager
def locked(directory: pathlib.Path):
    with open(directory / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def read_description(directory: pathlib.Path) -> dict:
    try:
        return json.loads((directory / "node.json").read_text())
    except (OSError, ValueError):
        return {}


def _running(directory: pathlib.Path) -> dict | None:
    described = read_description(directory)
    if not described:
        return None
    if _is_ours(described["pid"], directory):
        return described
    # The id may be missing: of a start that was cut off just then.
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        if _is_ours(int(process.name), directory):
            return {**described, "pid": int(process.name)}
    return None


def _is_ours(pid: int, directory: pathlib.Path) -> bool:
    """Whether the process is alive and the Cassandra of this directory: ids are used again."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        command_line = pathlib.Path("/proc", str(pid), "cmdline").read_bytes()
    except OSError:
        return False
    return _config_argument(directory).encode() in command_line.split(b"\0")


def _config_argument(directory: pathlib.Path) -> str:
    return f"-Dcassandra.config=file://{directory}/conf/cassandra.yaml"


def _describe(directory: pathlib.Path, options: Options, version: distribution.Version) -> dict:
    previous = read_description(directory)
    address = options.address
    native_port = options.native_port or _free_port(address, previous.get("port"))
    storage_port = options.storage_port or _free_port(
        address, previous.get("storage_port"), taken=native_port
    )
    for port in (native_port, storage_port):
        if not _becomes_free(address, port):
            raise NodeError(f"{address}:{port} is in use; choose another port")
    return {
        "host": address,
        "port": native_port,
        "pid": 0,
        "username": USERNAME,
        "password": PASSWORD,
        "datacenter": options.datacenter,
        "storage_port": storage_port,
        "version": version.name,
        "directory": str(directory),
        **({"tls": _tls_files(directory)} if options.tls else {}),
    }


def _tls_files(directory: pathlib.Path) -> dict[str, str]:
    """What a client needs, and `stranger`, an authority that did not sign for the node."""
    names = {"ca": "ca.pem", "certificate": "client.pem", "key": "client.key"}
    names["stranger"] = "stranger.pem"
    return {what: str(directory / "tls" / name) for what, name in names.items()}


def tls_context(described: dict) -> ssl.SSLContext | None:
    """For a client that takes what the node shows, which may be wrong on purpose; None where it
    speaks no TLS."""
    files = described.get("tls")
    if files is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(files["certificate"], files["key"])
    return context


def _free_port(address: str, wanted: int | None, taken: int | None = None) -> int:
    candidates = ([wanted] if wanted else []) + random.sample(PORTS, 200)
    for port in candidates:
        if port != taken and is_free(address, port):
            return port
    raise NodeError(f"no free port on {address} between {PORTS.start} and {PORTS.stop}")


def _becomes_free(address: str, port: int, timeout_s: float = 10) -> bool:
    """Also where a node that was killed has not let go of it yet: it ends before its sockets do."""
    deadline = time.monotonic() + timeout_s
    while not is_free(address, port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def is_free(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the server does: lingering connections of a stopped node do not hold its port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def _write_configuration(
    directory: pathlib.Path, options: Options, version: distribution.Version, described: dict
) -> None:
    seeds = options.seeds or (f"{options.address}:{described['storage_port']}",)
    if not version.seeds_have_ports:
        seeds = tuple(seed.rpartition(":")[0] for seed in seeds)
    checks_permissions = options.auth and options.permissions
    values = {
        "directory": directory,
        "cluster_name": options.cluster_name,
        "num_tokens": options.num_tokens,
        "address": options.address,
        "native_port": described["port"],
        "storage_port": described["storage_port"],
        "seeds": ",".join(seeds),
        "authenticator": "PasswordAuthenticator" if options.auth else "AllowAllAuthenticator",
        "authorizer": "CassandraAuthorizer" if checks_permissions else "AllowAllAuthorizer",
        "datacenter": options.datacenter,
        "rack": options.rack,
        "tls": str(options.tls is not None).lower(),
        "tls_directory": directory / "tls",
        "store_password": certificates.STORE_PASSWORD,
    }
    targets = {
        version.yaml_template: "cassandra.yaml",
        "cassandra-rackdc.properties": "cassandra-rackdc.properties",
        "logback.xml": "logback.xml",
    }
    (directory / "conf").mkdir(exist_ok=True)
    (directory / "tmp").mkdir(exist_ok=True)
    for template, target in targets.items():
        text = string.Template((_TEMPLATES / template).read_text())
        write(directory / "conf" / target, text.substitute(values))


def write(path: pathlib.Path, text: str) -> None:
    """Replaces the file in one step, so that a reader never meets half of it."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text)
    partial.rename(path)


def _command(
    java: str,
    jars: pathlib.Path,
    directory: pathlib.Path,
    options: Options,
    version: distribution.Version,
) -> list[str]:
    lines = (_TEMPLATES / "jvm17.options").read_text().splitlines()
    opened = [line for line in lines if line and not line.startswith("#")]
    return [
        java,
        f"-Xms{options.heap}",
        f"-Xmx{options.heap}",
        "-Xss512k",
        "-XX:+ExitOnOutOfMemoryError",
        *(_LIGHT_JVM if options.light else ()),
        *opened,
        *version.jvm_options,
        f"-javaagent:{jars / version.agent_jar}",
        _config_argument(directory),
        f"-Dcassandra.storagedir={directory}",
        f"-Dlogback.configurationFile={directory}/conf/logback.xml",
        f"-Djava.io.tmpdir={directory}/tmp",
        "-Dcassandra-foreground=yes",
        "-Dcassandra.skip_wait_for_gossip_to_settle=0",
        f"-Dcassandra.ring_delay_ms={options.ring_delay_ms}",
        f"-Dcassandra.auto_bootstrap={str(options.bootstrap).lower()}",
        "-Dcassandra.superuser_setup_delay_ms=0",
        # The fewest rounds there are: each log-in costs the node a tenth of a second else, and the
        # password is everybody's anyway.
        "-Dcassandra.auth_bcrypt_gensalt_log2_rounds=4",
        "-cp",
        f"{directory}/conf:{jars}/*",
        "org.apache.cassandra.service.CassandraDaemon",
    ]


def _launch(directory: pathlib.Path, command: list[str]) -> subprocess.Popen:
    """Runs the node in a session of its own: a Ctrl-C at the terminal is not meant for it."""
    with open(directory / "console.log", "ab") as console:
        process = subprocess.Popen(
            command,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    # The new program's command line, by which it is known, shows a moment after it has begun.
    while process.poll() is None and not pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes():
        time.sleep(0.001)
    return process


def _is_ready(described: dict, log_in: bool) -> bool:
    address = (described["host"], described["port"])
    tls = tls_context(described)
    if not log_in:
        return native_protocol.answers(*address, tls=tls)
    return native_protocol.can_log_in(
        *address, described["username"], described["password"], tls=tls
    )


def _await_ready(directory: pathlib.Path, described: dict, options: Options) -> None:
    """Waits for the first log-in that succeeds: the port opens before the superuser exists."""
    deadline = time.monotonic() + options.timeout_s
    while not _is_ready(described, options.await_log_in):
        if not _is_ours(described["pid"], directory):
            problem = "Cassandra ended while it started"
        elif time.monotonic() > deadline:
            what = "log-in" if options.await_log_in else "connection"
            problem = f"Cassandra accepted no {what} within {options.timeout_s:.0f} s"
        else:
            time.sleep(0.1)
            continue
        logs = (directory / "system.log", directory / "console.log")
        last = "\n".join(_last_lines(log) for log in logs)
        raise NodeError(f"{problem}; read {logs[0]} and {logs[1]}. Their last lines:\n{last}")


def _last_lines(path: pathlib.Path, count: int = 10) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-count:])
    except FileNotFoundError:
        return ""
