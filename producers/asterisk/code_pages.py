"""Bytes of Asterisk into text, whatever code page people have typed their names in.

Asterisk passes names on as they stand in its files and databases, and never says in which code
page. Agents and queues are known by their names, so two names must stay two; one that is
written in UTF-8 here and in Windows-1252 there is the same name.
"""


def texts_of(raw: bytes, separator: bytes) -> list[str]:
    """Return the parts of a message, each by itself: they may be of several code pages."""
    try:
        return raw.decode().split(separator.decode())
    except UnicodeDecodeError:
        return [text_of(part) for part in raw.split(separator)]


def text_of(raw: bytes) -> str:
    """Return UTF-8 as it is, else each byte as Windows-1252 has it; none becomes another's.

    Asterisk cuts long names, also within a character of UTF-8; that one is U+FFFD.
    """
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        whole = raw[: error.start]
        is_cut = error.reason == "unexpected end of data" and not whole.isascii()
    return f"{whole.decode()}\ufffd" if is_cut else raw.decode("cp1252", "backslashreplace")
