"""Where a program built with sanitizers puts its reports, whatever environment a test gives it."""

import os

SANITIZERS = {
    name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ
}
