"""How tests outside of tests/integration use what is there: its modules by name, and its files that
are called as some of theirs by `load`."""

import importlib.util
import pathlib
import sys
import types

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
INTEGRATION = REPOSITORY / "tests" / "integration"
sys.path[:0] = [str(INTEGRATION), str(REPOSITORY / "tools")]


def load(name: str, file: str) -> types.ModuleType:
    """A file of the integration tests by a name of its own."""
    spec = importlib.util.spec_from_file_location(name, INTEGRATION / file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
