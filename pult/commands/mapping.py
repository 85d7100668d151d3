"""`pult mapping`."""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

from producers.frame import Frame, Naming, PartlyTranslated
from producers.identity import CallerKeys
from producers.posted import Message, body_key, kept
from producers.webhooks.hidden import Hidden
from producers.webhooks.mapping import mapping, shipped
from producers.webhooks.translate import Translator
from pult import settings
from pult.context import Context
from pult.naming import people
from schemas.errors import SettingsInvalid, UntranslatableFrame, WrongUsage
from schemas.events import Event, encode
from schemas.wording import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument(
        "action", choices=("list", "test"),
        help="list those that are shipped, or test one on a sample",
    )  # fmt: skip
    parser.add_argument("mapping", nargs="?", metavar="FILE", help="a mapping, or its name")
    parser.add_argument(
        "sample", nargs="?", type=Path, metavar="SAMPLE", help="a body as the source posts it"
    )
    parser.add_argument(
        "--content-type", default="", metavar="TYPE", help="of the sample; else it is guessed"
    )
    parser.add_argument(
        "--header", action="append", default=[], metavar="NAME=VALUE",
        help="a header that the mapping reads; may be given again",
    )  # fmt: skip


def run(context: Context, chosen: argparse.Namespace) -> int:
    """List mappings, or print the events that one makes of a sample; 1 if it makes none."""
    if chosen.action == "list":
        if chosen.mapping is not None:
            msg = "pult mapping list takes no FILE; try one with pult mapping test FILE SAMPLE"
            raise WrongUsage(msg)
        for name in shipped():
            print(f"{name:12} {mapping(name).title}")
        return 0
    if chosen.mapping is None or chosen.sample is None:
        msg = "pult mapping test needs a mapping and a sample: pult mapping test FILE SAMPLE"
        raise WrongUsage(msg)
    loaded = settings.load(context.config)
    meant = mapping(chosen.mapping)
    translator = Translator(meant, people(loaded))
    keys = CallerKeys(b"only for this sample", keep_numbers=loaded.privacy.keep_numbers)
    names = Naming(loaded.tenant, loaded.tenant, keys)
    frame = _frame(chosen, Hidden(meant.hidden))
    try:
        events = translator(frame, names)
    except PartlyTranslated as rejected:
        _print(rejected.events)
        raise
    except UntranslatableFrame as rejected:
        msg = f"{chosen.sample} would be rejected: {rejected}"
        raise UntranslatableFrame(msg) from rejected
    _print(events)
    none = "no event: the mapping passes over this one"
    print(counted(len(events), "event") if events else none)
    return 0


def _print(events: Sequence[Event]) -> None:
    for event in events:
        print(json.dumps(json.loads(encode(event)), ensure_ascii=False, indent=2))


def _frame(chosen: argparse.Namespace, hidden: Hidden) -> Frame:
    try:
        body = chosen.sample.read_bytes()
    except OSError as error:
        msg = f"cannot read the sample {chosen.sample}: {error.strerror or error}"
        raise SettingsInvalid(msg) from error
    if hidden:
        # As it is kept of what is posted.
        body = hidden.blotted(body, chosen.content_type)
    headers = {}
    for each in chosen.header:
        name, _, value = each.partition("=")
        headers[name.lower()] = value
    message = Message(body_key(body, headers.items()), chosen.content_type, headers, body)
    return kept("crm", message, time.time_ns() // 1000)
