"""The tokens of who may decide about episodes, and of who may see people by name."""

from collections.abc import Mapping
from pathlib import Path

from pult.settings import DeskSettings, SupervisorSettings
from schemas.errors import SettingsInvalid

NAME = "desk.token"
"""The file in the data folder, for its owner only."""

_LEAST = 16


def desk_token(
    settings: DeskSettings, environ: Mapping[str, str], data: Path | None = None
) -> str:
    """Return the token; empty where the settings name none and the data folder has none yet.

    Args:
        settings: what names the token.
        environ: the environment.
        data: the data folder, if there is one.

    Raises:
        SettingsInvalid: it is not where it was said to be, or can be guessed.
    """
    if settings.token_env:
        where = f"environment variable {settings.token_env} (desk.token_env)"
        return _usable(environ.get(settings.token_env, ""), where)
    path = settings.token_file or (data / NAME if data is not None else None)
    if path is None or (settings.token_file is None and not path.exists()):
        return ""
    return _of_file(path, "the desk")


def supervisor_token(settings: SupervisorSettings, environ: Mapping[str, str]) -> str:
    """Return the token of the supervisor's page; empty where the settings name none.

    Raises:
        SettingsInvalid: it is not where it was said to be, or can be guessed.
    """
    if settings.token_env:
        where = f"environment variable {settings.token_env} (supervisor.token_env)"
        return _usable(environ.get(settings.token_env, ""), where)
    if settings.token_file is None:
        return ""
    return _of_file(settings.token_file, "the supervisor's page")


def _of_file(path: Path, whose: str) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig").partition("\n")[0]
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8 text"
        msg = f"cannot read the token of {whose} in {path}: {why}"
        raise SettingsInvalid(msg) from error
    return _usable(text, str(path))


def _usable(text: str, where: str) -> str:
    token = text.strip()
    if not token:
        msg = f"{where} holds no token; put one there, as from openssl rand -hex 32"
        raise SettingsInvalid(msg)
    if len(token) < _LEAST or not (token.isascii() and token.isprintable()) or " " in token:
        msg = f"{where}: a token has {_LEAST} or more ASCII characters and no blank"
        raise SettingsInvalid(msg)
    return token
