"""`pult doctor`."""

import argparse

from pult import doctor
from pult.context import Context


def add_arguments(_: argparse.ArgumentParser) -> None:
    """Add nothing."""


def run(context: Context, _: argparse.Namespace) -> int:
    """Check everything there is; 1 if something needs attention."""
    findings = doctor.examine(context.config, context.data, context.environ)
    for finding in findings:
        print(finding)
    return 0 if all(finding.good for finding in findings) else 1
