"""What a Cassandra node is started from: a Java 17 and the jars of one Cassandra version.

The jars come from Maven by the version's pinned pom.xml under versions/ and are kept in .deps/ of
the repository. Another version is one more entry in VERSIONS and one more pom.xml (and a yaml
template of its own if keys differ).
"""

import dataclasses
import fcntl
import os
import pathlib
import re
import shutil
import subprocess

FOLDER = pathlib.Path(__file__).resolve().parent
REPOSITORY = FOLDER.parent.parent
JAVA_MAJOR = 17


class SetupError(Exception):
    """Something this machine lacks; the message says what to install."""


@dataclasses.dataclass(frozen=True)
class Version:
    """A Cassandra version: its templates and what its JVM needs beyond jvm17.options."""

    name: str
    agent_jar: str
    yaml_template: str = "cassandra.yaml"
    jvm_options: tuple[str, ...] = ()
    seeds_have_ports: bool = True


# Servers of the time before Java 17 meet more of its walls, and set a security manager.
_OLDER_SERVER = (
    "-Djava.security.manager=allow",
    "--add-opens=java.base/java.net=ALL-UNNAMED",
    "--add-opens=java.base/java.nio.channels=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.fs=ALL-UNNAMED",
)

DEFAULT_VERSION = "5.0.6"
VERSIONS = {
    version.name: version
    for version in (
        Version("5.0.6", agent_jar="jamm-0.4.0.jar"),
        Version("4.1.10", agent_jar="jamm-0.3.2.jar", jvm_options=_OLDER_SERVER),
        Version(
            "3.11.19",
            agent_jar="jamm-0.3.2.jar",
            yaml_template="cassandra-3.11.yaml",
            jvm_options=_OLDER_SERVER,
            seeds_have_ports=False,
        ),
    )
}


def version_named(name: str) -> Version:
    """The version of that name, or of that series: "4.1" is 4.1.10."""
    for version in VERSIONS.values():
        if version.name == name or version.name.startswith(name + "."):
            return version
    known = ", ".join(VERSIONS)
    raise SetupError(f"Cassandra {name} is not prepared here; known: {known}")


def find_java() -> str:
    """Path of a Java 17: JAVA_HOME, then PATH, then the usual folder of Linux packages."""
    candidates = []
    if os.environ.get("JAVA_HOME"):
        candidates.append(pathlib.Path(os.environ["JAVA_HOME"], "bin", "java"))
    on_path = shutil.which("java")
    if on_path:
        candidates.append(pathlib.Path(on_path))
    candidates += sorted(pathlib.Path("/usr/lib/jvm").glob("*/bin/java"))
    seen = {}
    for candidate in candidates:
        if str(candidate) in seen or not os.access(candidate, os.X_OK):
            continue
        seen[str(candidate)] = major = _java_major(candidate)
        if major == JAVA_MAJOR:
            return str(candidate)
    found = ", ".join(f"{path} is {major or 'unreadable'}" for path, major in seen.items())
    raise SetupError(
        f"Cassandra needs Java {JAVA_MAJOR}; found: {found or 'no java'}."
        f" Install openjdk-{JAVA_MAJOR}-jre-headless or point JAVA_HOME at one."
    )


def _java_major(java: pathlib.Path) -> int | None:
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60)
    except OSError:
        return None
    match = re.search(r'version "(\d+)', answer.stderr)
    return int(match.group(1)) if match else None


def jars(version: Version) -> pathlib.Path:
    """Folder with the version's jars; fetched by Maven the first time."""
    folder = REPOSITORY / ".deps" / f"cassandra-{version.name}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(exist_ok=True)
    with open(folder.with_name(folder.name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _fetch_jars(version, folder)
    return folder


def _fetch_jars(version: Version, folder: pathlib.Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise SetupError("Cassandra's jars come from Maven, and there is no mvn; install maven.")
    # The folder gets its name when it is whole, so that an interrupted fetch is never taken for it.
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    pom = FOLDER / "versions" / version.name / "pom.xml"
    command = [maven, "-q", "-B", "-f", str(pom), "dependency:copy-dependencies"]
    command += [f"-DoutputDirectory={partial}", "-DincludeScope=runtime"]
    answer = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if answer.returncode != 0 or not (partial / version.agent_jar).is_file():
        raise SetupError(
            f"Maven could not fetch cassandra-all {version.name}:\n{answer.stdout[-2000:]}"
        )
    partial.rename(folder)
