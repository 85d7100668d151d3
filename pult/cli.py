"""The `pult` command: parse, run one verb, turn every failure into one line."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

from pult.context import DEFAULT_DATA, Context, add_common
from pult.lean import allow_files, rarely_collect, without_pandas
from pult.verbs import VERBS, Verb
from schemas.errors import PultFailure, WrongUsage


class _Parser(argparse.ArgumentParser):
    """Wrong usage is one line and exit 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"pult: {message} (see {self.prog} --help)\n")


def _common() -> _Parser:
    """Options that may stand before or after the verb."""
    common = _Parser(add_help=False)
    add_common(common)
    return common


def parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser of the whole command; verbs that do not occur take no arguments."""
    common = _common()
    top = _Parser(
        prog="pult",
        description="Control desk of a contact centre: exact figures from PBX and CRM events.",
        parents=[common],
    )
    top.add_argument("--version", action="version", version=f"pult {version('pult')}")
    sub = top.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=_Parser)
    for verb in VERBS:
        each = sub.add_parser(
            verb.name,
            help=verb.text,
            description=f"{verb.text[0].upper()}{verb.text[1:]}.",
            parents=[common],
            formatter_class=argparse.RawDescriptionHelpFormatter,
            epilog=f"examples:\n  {verb.examples.replace(chr(10), chr(10) + '  ')}",
        )
        if verb.name in arguments:
            _module(verb).add_arguments(each)
    return top


def _module(verb: Verb) -> Any:
    return import_module(f"pult.commands.{verb.module or verb.name}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0 done, 1 failed, 2 wrong usage, 130 stopped."""
    try:
        return _run(arguments)
    except PultFailure as failure:
        text = " ".join(str(failure).split())
        print(f"pult: {text}", file=sys.stderr)
        return 2 if isinstance(failure, WrongUsage) else 1
    except KeyboardInterrupt:
        # Perhaps while its modules are loaded, which takes the first half second.
        print("pult: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output has gone; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(arguments: Sequence[str] | None) -> int:
    without_pandas()
    rarely_collect()
    allow_files()
    given = sys.argv[1:] if arguments is None else list(arguments)
    chosen = parser(given).parse_args(given)
    context = Context(
        config=getattr(chosen, "config", None),
        data=getattr(chosen, "data", None) or Path(os.environ.get("PULT_DATA") or DEFAULT_DATA),
        environ=os.environ,
    )
    verb = next(each for each in VERBS if each.name == chosen.verb)
    code: int = _module(verb).run(context, chosen)
    return code


if __name__ == "__main__":
    sys.exit(main())
