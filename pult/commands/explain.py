"""`pult explain`."""

import argparse
import re
from collections.abc import Iterable
from typing import Any, TypeAlias

import msgspec

from pult.asking_rows import add_server, rows
from pult.context import Context
from schemas.errors import QueryRefused

Row: TypeAlias = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument(
        "episode", metavar="EPISODE", help="id of an episode, as in the table violations"
    )
    add_server(parser)


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Print an episode, and the events behind it in order with what they led to."""
    if not re.fullmatch(r"[0-9a-f]{16}", chosen.episode):
        msg = (
            f"cannot explain {chosen.episode!r}: an episode has 16 hexadecimal digits (see "
            "pult sql 'SELECT episode_id, code, agent_id FROM violations')"
        )
        raise QueryRefused(msg)
    where = f"episode_id = '{chosen.episode}'"
    found = rows(context, chosen, f"SELECT * FROM violations WHERE {where}")
    if not found:
        msg = f"cannot explain {chosen.episode}: no such episode in the history"
        raise QueryRefused(msg)
    episode = found[0]
    evidence: Row = msgspec.json.decode(episode["evidence"])
    told = _events(context, chosen, evidence) + _legs(context, chosen, evidence)
    reviews = rows(context, chosen, f"SELECT * FROM reviews WHERE {where}")
    print("\n".join([*_head(episode, evidence), "", *_in_order(episode, told, reviews)]))
    return 0


def _events(context: Context, chosen: argparse.Namespace, evidence: Row) -> list[Row]:
    ids = _quoted(evidence.get("events", ()))
    if not ids:
        return []
    query = (
        "SELECT occurred_at AS at, concat(type, ' ', id) AS what, data FROM events FINAL "
        f"WHERE id IN ({ids}) ORDER BY occurred_at, source, feed, sequence"
    )
    return rows(context, chosen, query)


def _legs(context: Context, chosen: argparse.Namespace, evidence: Row) -> list[Row]:
    """Return the finished calls that were compared, where calls are the evidence."""
    ids = "" if evidence.get("events") else _quoted(evidence.get("legs", ()))
    if not ids:
        return []
    query = (
        "SELECT ended_at AS at, concat('call ', leg_id) AS what, "
        "concat(queue_id, ', ', toString(talk_ms), ' ms') AS data FROM legs "
        f"WHERE leg_id IN ({ids}) ORDER BY ended_at"
    )
    return rows(context, chosen, query)


def _quoted(ids: Iterable[str]) -> str:
    return ", ".join(f"'{each}'" for each in ids if re.fullmatch(r"[\w:.-]+", each))


def _head(episode: Row, evidence: Row) -> list[str]:
    who = episode["agent_id"] or f"team {episode['team']}"
    values = {name: value for name, value in evidence.items() if name not in _LISTS}
    return [
        f"{episode['code']} of {who}: {episode['state']}, {episode['severity']}",
        f"about       {episode['about']}",
        f"thresholds  {episode['thresholds']}  (version {episode['rule_version']})",
        f"values      {msgspec.json.encode(values).decode()}",
    ]


_LISTS = frozenset({"events", "legs", "offers", "episodes"})


def _in_order(episode: Row, told: list[Row], reviews: list[Row]) -> list[str]:
    """Return events and the moments of the episode as lines, in the order of time."""
    lines = [(each["at"], 0, f"{each['what']}  {each['data']}") for each in told]
    moments = (("pending_at", "PENDING"), ("fired_at", "FIRED"), ("cleared_at", "CLEARED"))
    lines += [
        (episode[at], place, f"--> {word}")
        for place, (at, word) in enumerate(moments, 1)
        if episode[at]
    ]
    lines += [
        (each["decided_at"], 4, f"--> {each['verdict'].upper()} by {each['author']}: "
         f"{each['reason']}")
        for each in reviews
    ]  # fmt: skip
    return [f"{at}  {text}" for at, _, text in sorted(lines)]
