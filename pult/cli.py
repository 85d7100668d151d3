"""The `pult` command: parse, run one verb, turn every failure into one line."""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

from pult.lean import rarely_collect, without_pandas

without_pandas()
rarely_collect()

from pult import verbs  # noqa: E402
from schemas.errors import PultFailure  # noqa: E402

DEFAULT_DATA = "pult-data"

_EXAMPLES = {
    "demo": "pult demo --speed 30\npult demo --once",
    "import": "pult import asterisk-ami ami.log.gz --source pbx1\n"
    "pult import asterisk-queue-log queue_log queue_log.0 --source pbx1",
    "sql": "pult sql 'SELECT queue_id, count() FROM legs GROUP BY queue_id'\n"
    "echo 'SELECT 1' | pult sql -",
    "digest": "pult digest\npult digest --total",
    "metrics": "pult metrics",
    "schemas": "pult schemas cc.queue.entered.v1\npult schemas --write docs/schemas",
    "doctor": "pult doctor --config pult.toml",
}


class _Parser(argparse.ArgumentParser):
    """Wrong usage is one line and exit 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"pult: {message} (see {self.prog} --help)\n")


def _common() -> "_Parser":
    """Options that may stand before or after the verb."""
    common = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="settings (default pult.toml if it is there)",
    )
    common.add_argument(
        "--data", type=Path, metavar="DIR",
        help=f"data folder (default {DEFAULT_DATA}, or PULT_DATA)",
    )  # fmt: skip
    return common


def _verb(
    subparsers: "argparse._SubParsersAction[_Parser]",
    common: _Parser,
    name: str,
    text: str,
) -> _Parser:
    return subparsers.add_parser(
        name,
        help=text,
        description=text[0].upper() + text[1:] + ".",
        parents=[common],
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"examples:\n  {_EXAMPLES[name].replace(chr(10), chr(10) + '  ')}",
    )


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command."""
    common = _common()
    top = _Parser(
        prog="pult",
        description="Control desk of a contact centre: exact figures from PBX events.",
        parents=[common],
    )
    top.add_argument("--version", action="version", version=f"pult {version('pult')}")
    sub = top.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=_Parser)

    demo = _verb(sub, common, "demo", "play a recorded half hour of a real PBX on a live wall")
    demo.add_argument(
        "--speed", type=_positive, default=30.0, metavar="N",
        help="how many times faster than real time (default 30)",
    )  # fmt: skip
    demo.add_argument("--once", action="store_true", help="full speed, print a table and exit")
    demo.add_argument(
        "--recording", type=Path, nargs="+", metavar="PATH",
        help="another recording than the built-in one",
    )  # fmt: skip
    demo.add_argument(
        "--kind", choices=verbs.KIND_NAMES, default=verbs.KIND_NAMES[0],
        help="kind of the recording (default %(default)s)",
    )  # fmt: skip
    demo.add_argument(
        "--port",
        type=_port,
        metavar="PORT",
        help="port of the wall (default 8400; 0: any free one)",
    )
    demo.add_argument(
        "--sql-port", type=_port, metavar="PORT",
        help="port of the SQL endpoint (default 8123; 0: any free one)",
    )  # fmt: skip

    load = _verb(sub, common, "import", "read recordings or logs into the history")
    load.add_argument("kind", choices=verbs.KIND_NAMES, metavar="KIND",
                      help=f"what the files are: {', '.join(verbs.KIND_NAMES)}")  # fmt: skip
    load.add_argument(
        "paths", type=Path, nargs="+", metavar="PATH", help="files; .gz is read too"
    )
    load.add_argument(
        "--source",
        type=_name,
        default="pbx1",
        metavar="NAME",
        help="the PBX they come from; needs no entry in the settings (default pbx1)",
    )

    sql = _verb(sub, common, "sql", "ask the history, also while the demo owns it")
    sql.add_argument(
        "query", metavar="QUERY", help="one reading statement; - reads it from stdin"
    )
    sql.add_argument(
        "--format", default="", metavar="NAME",
        help="any of ClickHouse's formats: JSONEachRow, CSV, ... (default: a table on a "
        "terminal, TabSeparatedWithNames elsewhere)",
    )  # fmt: skip

    digest = _verb(sub, common, "digest", "print a hash of the facts for each table and day")
    digest.add_argument("--total", action="store_true", help="only one hash over all")

    _verb(sub, common, "metrics", "print the dictionary of all numbers")
    schemas = _verb(sub, common, "schemas", "print the JSON Schemas of the events")
    schemas.add_argument("type", nargs="?", default="", metavar="TYPE", help="one type only")
    schemas.add_argument(
        "--write", type=Path, metavar="DIR", help="write one file for each type instead"
    )
    _verb(sub, common, "doctor", "check settings and data folder, say what to do")
    return top


def _name(text: str) -> str:
    if text.strip():
        return text
    msg = "a name must not be empty"
    raise argparse.ArgumentTypeError(msg)


def _positive(text: str) -> float:
    with suppress(ValueError):
        value = float(text)
        if 0 < value < 1e6:
            return value
    msg = f"{text} is no number between 0 and 1000000"
    raise argparse.ArgumentTypeError(msg)


def _port(text: str) -> int:
    with suppress(ValueError):
        value = int(text)
        if 0 <= value <= 65535:
            return value
    msg = f"{text} is no port (0 to 65535)"
    raise argparse.ArgumentTypeError(msg)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0 done, 1 failed, 2 wrong usage."""
    chosen = parser().parse_args(arguments)
    context = verbs.Context(
        config=getattr(chosen, "config", None),
        data=getattr(chosen, "data", None) or Path(os.environ.get("PULT_DATA") or DEFAULT_DATA),
        environ=os.environ,
    )
    try:
        return verbs.VERBS[chosen.verb](context, chosen)
    except PultFailure as failure:
        text = " ".join(str(failure).split())
        print(f"pult: {text}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("pult: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output has gone; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
