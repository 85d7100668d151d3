"""`pult init`."""

import argparse
import os
import shlex
from pathlib import Path

from pydantic import ValidationError

from pult.context import Context, name, port
from pult.first_settings import first_settings, write
from pult.settings import DEFAULT_FILE
from pult.source_settings import AmiSettings
from pult.sources import ami_access
from pult.survey import survey
from schemas.errors import SettingsInvalid
from schemas.wording import counted, plainly


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    add = parser.add_argument
    add("--source", type=name, default="pbx1", metavar="NAME",
        help="what to call the PBX (default %(default)s)")  # fmt: skip
    add("--host", default="127.0.0.1", help="of the manager interface (default %(default)s)")
    add("--port", type=port, default=5038, metavar="PORT", help="its port (default 5038)")
    add("--username", default="pult", help="user in manager.conf (default %(default)s)")
    add("--secret-env", default="PBX1_SECRET", metavar="VARIABLE",
        help="environment variable that holds the secret (default %(default)s)")  # fmt: skip
    add("--tls", action="store_true", help="the port speaks TLS")
    add("--ca", type=Path, metavar="FILE", help="PEM file of its authority")
    add("--queue-log", type=Path, metavar="FILE", help="the queue log, if it is readable here")
    add("--timezone", default="UTC", help="of the local day, Europe/Moscow (default UTC)")
    add("--force", action="store_true", help="overwrite the settings that are there")


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Ask the PBX and write the settings."""
    path = context.config or DEFAULT_FILE
    if path.exists() and not chosen.force:
        write(path, "", force=False)
    try:
        ami = AmiSettings(
            host=chosen.host, port=chosen.port, username=chosen.username,
            secret_env=chosen.secret_env, tls=chosen.tls, ca=chosen.ca,
        )  # fmt: skip
    except ValidationError as error:
        first = error.errors()[0]
        option = "".join(f"--{place}: " for place in first["loc"]).replace("_", "-")
        msg = f"cannot ask a PBX: {option}{plainly(first['msg'])}"
        raise SettingsInvalid(msg) from error
    address, login = ami_access(f"sources.{chosen.source}.ami", ami, context.environ)
    found = survey(address, login, wrapups=True)
    text = first_settings(chosen.source, ami, chosen.queue_log, found, chosen.timezone)
    write(path, text, force=chosen.force)
    people = set().union(*found.queues.values())
    holds = f"{counted(len(found.queues), 'queue')}, {counted(len(people), 'member')}"
    print(f"{path} written: {holds}; look at it")
    if not found.queues:
        print("NOTE it names no queue: has it read queues.conf, may the user read QueueStatus?")
    elif found.no_wrapups:
        print(
            f"NOTE it tells no wrap-up times of queues ({found.no_wrapups}): write wrapup for "
            "each that has a wrapuptime in queues.conf"
        )
    log = chosen.queue_log
    if log is not None and not os.access(log, os.R_OK):
        print(f"NOTE {log} cannot be read here; pult run waits for it")
    named = [] if context.config is None else ["--config", str(path)]
    print(f"Then: {shlex.join(['pult', 'check-source', chosen.source, *named])}")
    return 0
