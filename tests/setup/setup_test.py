"""tools/setup.sh on a machine that lacks everything, as far as packages go: stand-ins of apt-get
and dpkg-query say what is missing and what was asked for.

Run by ctest as `setup`.
"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SETUP = Path(__file__).resolve().parents[2] / "tools" / "setup.sh"

STAND_INS = {
    # As the real one: of packages that it does not know it says so, and fails.
    "dpkg-query": "echo 'ii known '; exit 1",
    "apt-get": 'echo "$*" >>"$CALLS"; [[ $1 != install || $APT != broken ]]',
    "sudo": '"$@"',
}


class Packages(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.calls = self.folder / "calls"
        for name, text in STAND_INS.items():
            file = self.folder / name
            file.write_text(f"#!/usr/bin/env bash\n{text}\n", encoding="utf-8")
            file.chmod(0o755)

    def run_setup(self, call, apt="well"):
        """What a script with `set -e` comes to that sources setup.sh, as test.sh and demo.sh do."""
        environment = {
            **os.environ,
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "CALLS": str(self.calls),
            "APT": apt,
        }
        script = f"set -euo pipefail; source '{SETUP}'; {call}; echo went on"
        return subprocess.run(
            ["bash", "-c", script], env=environment, capture_output=True, text=True, check=False
        )

    def test_packages_that_are_missing_are_installed_and_the_script_goes_on(self):
        done = self.run_setup("setup_packages known one two; setup_fuzzing")
        self.assertEqual((done.returncode, done.stdout.split("\n")[-2]), (0, "went on"), done)
        asked = [line.split() for line in self.calls.read_text(encoding="utf-8").splitlines()]
        self.assertEqual([line[0] for line in asked], ["update", "install", "install"])
        self.assertEqual(asked[1][-2:], ["one", "two"])
        self.assertNotIn("known", asked[1])
        self.assertIn("clang", asked[2])

    def test_what_apt_cannot_install_is_named_and_ends_the_script(self):
        done = self.run_setup("setup_packages one", apt="broken")
        self.assertNotEqual(done.returncode, 0)
        self.assertNotIn("went on", done.stdout)
        self.assertIn("apt could not install one", done.stderr)


if __name__ == "__main__":
    sys.exit(unittest.main())
