"""Which commit figures are of: what documents with figures name."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent


def measured_commit() -> str:
    """Of this checkout, without its documents: "0123456789ab", or "0123456789ab with changes"."""
    head = _git("rev-parse", "--short=12", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ":!docs")
    return head + (" with changes" if changed else "")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()
