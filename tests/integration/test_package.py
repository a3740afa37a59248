"""The packages: what they hold, and that they run where there is no build folder and no toolchain.

"Nowhere else" is a folder made the root of a process (chroot in a mount namespace of its own): it
holds the package and the files of the Debian packages that it may ask for, and nothing more.
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import tarfile

import duckdb
import fetch_dependencies
import planted
import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BUILD = REPOSITORY / "build/release"
# What the tarball leaves to the system: C, C++ and OpenSSL.
TARBALL_NEEDS = ("libc6", "libgcc-s1", "libstdc++6", "libssl3")
DOCUMENTS = {"LICENSE", "README.md", "CHANGELOG.md", "THIRD_PARTY_LICENCES.txt", "copyright"}


def output_of(*command: object, **options) -> str:
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=300, **options
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pathlib.Path]:
    """ "DEB" and "TGZ", made of build/release."""
    folder = tmp_path_factory.mktemp("packages")
    for kind in ("DEB", "TGZ"):
        output_of("cpack", "--config", BUILD / "CPackConfig.cmake", "-G", kind, "-B", folder)
    (deb,), (tarball,) = folder.glob("*.deb"), folder.glob("*.tar.gz")
    return {"DEB": deb, "TGZ": tarball}


@pytest.fixture(scope="module")
def unpacked(
    packages: dict[str, pathlib.Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, pathlib.Path]:
    """Folders that hold what each package would put into a system, and nothing else."""
    folders = {kind: tmp_path_factory.mktemp(kind.lower()) for kind in packages}
    output_of("dpkg-deb", "-x", packages["DEB"], folders["DEB"])
    with tarfile.open(packages["TGZ"]) as tarball:
        tarball.extractall(folders["TGZ"] / "opt", filter="data")
    return folders


def program_in(folder: pathlib.Path) -> pathlib.Path:
    (program,) = folder.rglob("bin/ringsync")
    return program


def elf_files(folder: pathlib.Path) -> list[pathlib.Path]:
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return [path for path in files if path.read_bytes()[:4] == b"\x7fELF"]


def dependencies_of(deb: pathlib.Path) -> list[str]:
    field = output_of("dpkg-deb", "-f", deb, "Depends")
    return [entry.split()[0] for entry in field.split(",") if entry.strip()]


def providers() -> dict[str, str]:
    """Virtual package -> an installed one that provides it."""
    found = {}
    listed = output_of("dpkg-query", "-W", "-f=${Package}\t${Provides}\n")
    for package, _, provided in (line.partition("\t") for line in listed.splitlines()):
        found.update({entry.split()[0]: package for entry in provided.split(",") if entry.strip()})
    return found


def with_their_libraries(names: list[str]) -> set[str]:
    """The packages and, of those they depend on, the libraries."""
    provided = providers()
    known: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        name = provided.get(name, name)
        if name in known:
            continue
        known.add(name)
        fields = output_of("dpkg-query", "-W", "-f=${Pre-Depends},${Depends}", name)
        wanted = [entry.split("|")[0].split()[0] for entry in fields.split(",") if entry.strip()]
        waiting += [entry.split(":")[0] for entry in wanted if entry.startswith("lib")]
    return known


def add_packages(root: pathlib.Path, names: set[str]) -> None:
    """Puts the packages' files under `root`; without their documents."""
    for name in ("lib", "lib64", "bin", "sbin"):  # Debian's merged /usr
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        if not (root / name).exists():
            (root / name).symlink_to(f"usr/{name}")
    for path in map(pathlib.Path, output_of("dpkg-query", "-L", *sorted(names)).splitlines()):
        target = root / path.relative_to("/") if path.is_absolute() else None
        if target is None or path.is_relative_to("/usr/share") or path.is_dir():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() and not target.is_symlink():
            shutil.copy2(path, target, follow_symlinks=False)


def run_in(root: pathlib.Path, *arguments: object) -> subprocess.CompletedProcess:
    """Runs a program of `root`, which is all it can see but for /proc and the network."""
    (root / "proc").mkdir(exist_ok=True)
    enter = 'mount --rbind /proc "$0/proc" && exec chroot "$0" "$@"'
    as_user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    command = ["unshare", *as_user, "--mount", "sh", "-c", enter, root, *arguments]
    done = subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
    )
    planted.WATCH.note(done.stdout, f"standard output of {arguments}")
    planted.WATCH.note(done.stderr, f"standard error of {arguments}")
    return done


@pytest.fixture
def small_keyspace(keyspace: str, session) -> str:
    session.execute(f"CREATE TABLE {keyspace}.orders (id int PRIMARY KEY, price decimal)")
    for order in range(100):
        session.execute(f"INSERT INTO {keyspace}.orders (id, price) VALUES ({order}, {order}.50)")
    return keyspace


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["DEB", "TGZ"])
def test_a_package_syncs_where_there_is_nothing_but_what_it_may_ask_for(
    kind, packages, unpacked, small_keyspace, config, tmp_path
):
    names = dependencies_of(packages["DEB"]) if kind == "DEB" else list(TARBALL_NEEDS)
    root = tmp_path / "root"
    shutil.copytree(unpacked[kind], root, symlinks=True)
    add_packages(root, with_their_libraries(names))
    home = root / "home"
    home.mkdir()
    shutil.copy(config(small_keyspace), home / "configuration.json")
    program = "/" + str(program_in(unpacked[kind]).relative_to(unpacked[kind]))
    sync = [program, "sync", "--configuration", "/home/configuration.json", "--to"]
    for to in ("duckdb:/home/warehouse.db", "sqlite:/home/warehouse.sqlite"):
        done = run_in(root, *sync, to)
        assert done.returncode == 0, done.stdout + done.stderr
    expected = [(order, f"{order}.50") for order in range(100)]
    with duckdb.connect(str(home / "warehouse.db"), read_only=True) as connection:
        rows = connection.execute(f'SELECT id, price FROM "{small_keyspace}".orders ORDER BY id')
        assert rows.fetchall() == expected
    with contextlib.closing(sqlite3.connect(home / "warehouse.sqlite")) as connection:
        rows = connection.execute("SELECT id, price FROM orders ORDER BY id")
        assert rows.fetchall() == expected
    # PostgreSQL's driver loads and tries the server, of which there is none.
    done = run_in(root, *sync, "postgresql://reader@127.0.0.1:1/warehouse")
    assert done.returncode == 4
    assert "error[destination" in done.stderr and "127.0.0.1" in done.stderr


@pytest.mark.timeout(300)
def test_cmake_installs_a_program_that_finds_its_drivers_wherever_it_is_called_from(
    small_keyspace, config, tmp_path
):
    prefix = tmp_path / "prefix"
    output_of("cmake", "--install", BUILD, "--strip", "--prefix", prefix)
    assert {path.name for path in (prefix / "share/doc/ringsync").iterdir()} >= DOCUMENTS
    example = json.loads((prefix / "share/doc/ringsync/examples/configuration.json").read_text())
    link = tmp_path / "link"
    link.symlink_to(prefix / "bin/ringsync")
    configuration = config(small_keyspace)
    configuration.write_text(json.dumps({**example, **json.loads(configuration.read_text())}))
    done = subprocess.run(
        [link, "sync", "--configuration", configuration, "--to",
         "duckdb:warehouse.db"],
        cwd=tmp_path, env={}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for driver in (prefix / "lib/ringsync").iterdir():
        driver.unlink()
    done = subprocess.run(
        [link, "sync", "--configuration", configuration, "--to", "duckdb:other.db"],
        cwd=tmp_path, env={}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 4
    assert str(prefix / "lib/ringsync") in done.stderr and "--driver-path" in done.stderr


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["DEB", "TGZ"])
def test_packages_hold_program_drivers_and_documents_and_no_path_of_the_build(
    kind, unpacked, measured
):
    folder = unpacked[kind]
    program = program_in(folder)
    prefix = program.parents[1]
    assert {path.name for path in (prefix / "share/doc/ringsync").iterdir()} >= DOCUMENTS
    drivers = {path.name for path in BUILD.glob("*.so")}
    assert "libduckdb.so" in drivers
    assert {path.name for path in (prefix / "lib/ringsync").iterdir()} >= drivers
    found = elf_files(folder)
    assert program in found and len(found) > len(drivers)
    for file in found:
        path = re.findall(r"\((?:RPATH|RUNPATH)\).*\[(.*)\]", output_of("readelf", "-d", file))
        assert all(entry.startswith("$ORIGIN") for entry in ":".join(path).split(":") if entry)
        assert str(REPOSITORY).encode() not in file.read_bytes(), file
    assert ".debug_info" not in output_of("readelf", "-S", "-W", program)
    sizes = ", ".join(f"{file.name} {file.stat().st_size:,}" for file in found)
    measured(f"{kind} holds, in bytes, {sizes}")


@pytest.mark.timeout(60)
def test_the_debian_package_names_what_it_needs_and_who_keeps_it(packages):
    fields = output_of("dpkg-deb", "-f", packages["DEB"])
    needed = set(dependencies_of(packages["DEB"]))
    assert {"libc6", "libssl3", "libstdc++6"} <= needed
    assert not any(name.endswith("-dev") for name in needed)
    assert re.search(r"^Maintainer: .*@ringsync\.invalid>$", fields, re.MULTILINE)
    assert re.search(r"^Version: \d+\.\d+\.\d+$", fields, re.MULTILINE)


@pytest.mark.timeout(120)
def test_everything_linked_or_shipped_has_its_licence_text(unpacked):
    (notices,) = unpacked["DEB"].rglob("THIRD_PARTY_LICENCES.txt")
    # Works stand above their text between two rules.
    headings = re.findall(r"^={100}\n((?:== .*\n)+)={100}\n\n(.+)", notices.read_text(), re.M)
    licensed = {
        line.removeprefix("== ")
        for labels, text in headings
        for line in labels.splitlines()
        if text
    }
    tree = output_of(
        "cargo", "tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}",
        "--manifest-path", REPOSITORY / "src/source/scylla/bridge/Cargo.toml",
    )  # fmt: skip
    crates = {" ".join(line.split()[:2]) for line in tree.splitlines() if line}
    crates = {crate.replace(" v", " ") for crate in crates if "ringsync_bridge" not in crate}
    assert len(crates) > 50
    assert crates <= licensed, crates - licensed

    linked = set()  # Debian's packages of the shared libraries, and their sources' headers
    for library in re.findall(r"NEEDED.*\[(.*)\]", output_of("readelf", "-d", BUILD / "ringsync")):
        if re.match(r"lib(c|m|gcc_s|stdc\+\+|dl|pthread)\.so|ld-linux", library):
            continue  # the system's runtime
        linked.add(re.sub(r"^lib|\.so.*$|\d", "", library).replace("crypto", "ssl"))
    assert linked >= {"fmt", "spdlog", "simdjson", "ssl"}
    names = " ".join(licensed)
    assert all(f"lib{name}" in names for name in linked), linked
    for work in ("duckdb", "adbc-driver-manager", "nanoarrow", "nlohmann-json", "cli11"):
        assert work in names.lower(), work
    for work in (*fetch_dependencies.DUCKDB_BUNDLED, "icu"):
        assert any(name.startswith(f"{work}, in DuckDB") for name in licensed), work


@pytest.mark.timeout(60)
def test_the_version_tells_number_and_commit(ringsync):
    version = ringsync.run("--version").stdout
    assert re.fullmatch(r"ringsync \d+\.\d+\.\d+ \(commit [0-9a-f]{12}(\+changes)?\)\n", version)
