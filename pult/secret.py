"""Secrets as variables of the environment hold them."""

from schemas.errors import SettingsInvalid


def in_one_line(secret: str, variable: str, setting: str) -> str:
    """Return a secret that can be sent to a server.

    Raises:
        SettingsInvalid: it cannot; the message names the variable and its setting.
    """
    if "\n" in secret or "\r" in secret:
        msg = f"environment variable {variable} ({setting}) has a line end"
        raise SettingsInvalid(msg)
    return readable(secret, variable, setting)


def readable(secret: str, variable: str, setting: str) -> str:
    """Return a secret whose bytes are text.

    Raises:
        SettingsInvalid: they are of another code page; the message does not show them.
    """
    try:
        secret.encode()
    except UnicodeEncodeError:
        # Not chained: the exception holds the secret.
        msg = f"environment variable {variable} ({setting}) is not UTF-8 text"
        raise SettingsInvalid(msg) from None
    return secret
