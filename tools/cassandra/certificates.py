"""A certificate authority of its own for a node that speaks TLS, made by openssl and keytool.

What the node shows of itself is RIGHT, or wrong in one way: EXPIRED yesterday, or MISNAMED, made
for another address.

In the folder: ca.pem, node.p12 (key and certificate, which names the node's address), trusted.p12
(whose clients the node believes), client.pem and client.key; stranger.pem, an authority that signed
nothing.
"""

import pathlib
import subprocess

STORE_PASSWORD = "only-for-tests"  # of both stores; the keys in them are made anew each time
RIGHT, EXPIRED, MISNAMED = SHOWN = ("right", "expired", "misnamed")
_DAYS, _PAST_DAYS = "30", "-1"
_OTHER_ADDRESS = "192.0.2.7"  # of a network that is for documents only, RFC 5737


class CertificateError(Exception):
    """A tool is missing or failed; the message has its own words."""


def make(folder: pathlib.Path, address: str, java: str, shown: str) -> None:
    """Makes all files, unless they are there. `java`: the Java whose keytool is used. `shown`: one
    of SHOWN."""
    if (folder / "client.pem").is_file():
        return
    folder.mkdir(parents=True, exist_ok=True)
    _authority(folder, "ca")
    _authority(folder, "stranger")
    named = _OTHER_ADDRESS if shown == MISNAMED else address
    days = _PAST_DAYS if shown == EXPIRED else _DAYS
    _signed(folder, "node", f"subjectAltName=IP:{named}", days)
    _openssl(
        folder, "pkcs12", "-export", "-in", "node.pem", "-inkey", "node.key", "-name", "node",
        "-out", "node.p12", "-passout", f"pass:{STORE_PASSWORD}",
    )  # fmt: skip
    # Java takes an authority for trusted only where keytool put it there.
    _run(
        folder, str(pathlib.Path(java).resolve().parent / "keytool"), "-importcert", "-noprompt",
        "-alias", "ca", "-file", "ca.pem", "-keystore", "trusted.p12", "-storetype", "PKCS12",
        "-storepass", STORE_PASSWORD,
    )  # fmt: skip
    _signed(folder, "client", "extendedKeyUsage=clientAuth")


def _authority(folder: pathlib.Path, name: str) -> None:
    _openssl(
        folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", _DAYS,
        "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem",
    )  # fmt: skip


def _signed(folder: pathlib.Path, name: str, extension: str, days: str = _DAYS) -> None:
    _openssl(
        folder, "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
        "-keyout", f"{name}.key", "-out", f"{name}.csr",
    )  # fmt: skip
    (folder / f"{name}.ext").write_text(extension + "\n")
    _openssl(
        folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
        "-CAcreateserial", "-days", days, "-extfile", f"{name}.ext", "-out", f"{name}.pem",
    )  # fmt: skip


def _openssl(folder: pathlib.Path, *arguments: str) -> None:
    _run(folder, "openssl", *arguments)


def _run(folder: pathlib.Path, *command: str) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except OSError as error:
        raise CertificateError(f"{command[0]} could not be run: {error.strerror}") from error
    if done.returncode != 0:
        raise CertificateError(f"{command[0]} failed: {done.stderr or done.stdout}")
