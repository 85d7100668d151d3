"""Loads all modules of some packages, and what tests import: Python compiles each only once."""

import pkgutil
import sys
from collections.abc import Sequence
from importlib import import_module

from pult.lean import without_pandas

OF_TESTS = (
    "hypothesis",
    "jsonschema",
    "pytest",
    "pytest_asyncio",
    "selenium.webdriver",
    "xdist.plugin",
)


def main(packages: Sequence[str]) -> None:
    """Load every module of these packages, with all that it imports."""
    without_pandas()
    for name in OF_TESTS:
        import_module(name)
    for package in packages:
        for module in pkgutil.walk_packages(import_module(package).__path__, f"{package}."):
            import_module(module.name)


if __name__ == "__main__":
    main(sys.argv[1:])
