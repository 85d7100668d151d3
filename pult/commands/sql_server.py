"""`pult sql-server`."""

import argparse

from pult import settings, sql_server
from pult.context import Context, port
from pult.folder import DataFolder
from schemas.errors import SettingsInvalid
from sql.writable import Login


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument(
        "--writable", action="store_true",
        help="do whatever clients say, not only read; for tests and one machine",
    )  # fmt: skip
    parser.add_argument(
        "--user", default="default", metavar="NAME",
        help="who may write (default %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--password-env", default="", metavar="NAME",
        help="environment variable with the password of who may write (default: none is asked)",
    )  # fmt: skip
    parser.add_argument(
        "--sql-port", type=port, metavar="PORT",
        help="port of the SQL endpoint (default 8123; 0: any free one)",
    )  # fmt: skip


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Serve the data folder until stopped."""
    http = settings.load(context.config).http
    if chosen.sql_port is not None:
        http = http.model_copy(update={"sql_port": chosen.sql_port})
    login = None
    if chosen.writable:
        password = context.environ.get(chosen.password_env, "") if chosen.password_env else ""
        if chosen.password_env and not password:
            msg = f"environment variable {chosen.password_env} (--password-env) is not set"
            raise SettingsInvalid(msg)
        login = Login(chosen.user, password)
    with DataFolder(context.data, "sql-server") as folder:
        sql_server.serve(folder, http, lambda line: print(line, flush=True), login)
    return 0
