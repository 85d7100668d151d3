"""`pult topics`."""

import argparse

from pult import kafka, settings, topics
from pult.context import Context


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument("--check", action="store_true", help="create nothing, only compare")


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Create what is missing, compare the rest; 1 if something is not as it must be."""
    wanted = settings.load(context.config).kafka
    client = kafka.connect(wanted, context.environ)
    created = [] if chosen.check else topics.create(client, wanted)
    new = {each.name for each in created}
    findings = topics.check(client, wanted, new)
    # Of a topic that was made now there is nothing more to say if it is as it must be.
    others = [each for each in findings if not (each.good and each.name in new)]
    for finding in (*created, *others):
        print(f"{'ok      ' if finding.good else 'PROBLEM '}{finding.text}")
    return 0 if all(finding.good for finding in findings) else 1
