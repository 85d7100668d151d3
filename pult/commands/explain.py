"""`pult explain`."""

import argparse
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from pult.context import Context
from pult.history_asked import Ask, Row, add_server, held, quoted
from schemas.errors import QueryRefused


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
    where = f"episode_id = {quoted(chosen.episode)}"
    with held(context, chosen) as history:
        found = history.rows(f"SELECT * FROM violations WHERE {where} ORDER BY domain")
        explained = [_explained(history.rows, episode, where) for episode in found]
    if not explained:
        msg = f"cannot explain {chosen.episode}: no such episode in the history"
        raise QueryRefused(msg)
    # Two tenants may have an agent of one name, who did the same at the same instant.
    print("\n\n".join(explained))
    return 0


def _explained(ask: Ask, episode: Row, where: str) -> str:
    domain = f"tenant = {quoted(episode['tenant'])} AND domain = {quoted(episode['domain'])}"
    evidence: Row = msgspec.json.decode(episode["evidence"])
    told = _told(ask, domain, evidence) + _waiting(ask, domain, evidence)
    reviews = ask(f"SELECT * FROM reviews WHERE {domain} AND {where}")
    if episode["about"] == "interaction":
        episode = {**episode, "about": _interaction(ask, domain, evidence)}
    grew = {at: _when(evidence.get(at)) for at in ("warning_at", "critical_at")}
    voided = {"voided_at": episode["known_at"] if episode["state"] == "voided" else None}
    moments = {**episode, **grew, **voided}
    return "\n".join([*_head(episode, evidence), "", *_in_order(moments, told, reviews)])


def _interaction(ask: Ask, domain: str, evidence: Row) -> str:
    """Return which interaction it is whose calls are the evidence."""
    ids = _list(evidence.get("legs", ()))
    (row,) = ask(
        f"SELECT any(interaction_id) AS id FROM legs WHERE {domain} AND leg_id IN ({ids})"
    )
    return f"interaction {row['id']}"


def _told(ask: Ask, domain: str, evidence: Row) -> list[Row]:
    """Return the events that are the evidence; of calls all of theirs, and the calls."""
    events = _events(ask, domain, evidence)
    if not evidence.get("legs") or evidence.get("offers"):
        return events  # of offers their ends are enough: the calls went on elsewhere
    known = {each["id"] for each in events}
    more = [each for each in _events_of_legs(ask, domain, evidence) if each["id"] not in known]
    return events + more + _legs(ask, domain, evidence)


_EVENT = "occurred_at AS at, concat(type, ' ', id) AS what, data, id, source, feed, sequence"


def _events(ask: Ask, domain: str, evidence: Row) -> list[Row]:
    if not evidence.get("events"):
        return []
    ids = _list(evidence["events"])
    return ask(f"SELECT {_EVENT} FROM events FINAL WHERE {domain} AND id IN ({ids})")


def _events_of_legs(ask: Ask, domain: str, evidence: Row) -> list[Row]:
    """Return what was told of calls, from the entry of each to its end.

    An event is of a call that names its interaction, or a channel that another names with it.
    """
    ids = _list(evidence["legs"])
    return ask(
        "WITH calls AS (SELECT source, interaction_id, entered_at, "
        "coalesce(ended_at, left_at, now64(3, 'UTC')) AS until "
        f"FROM legs WHERE {domain} AND leg_id IN ({ids})), "
        "near AS (SELECT *, JSONExtractString(data, 'channel_id') AS channel "
        f"FROM events FINAL WHERE {domain} AND source IN (SELECT source FROM calls) "
        "AND occurred_at >= (SELECT min(entered_at) FROM calls) "
        "AND occurred_at <= (SELECT max(until) FROM calls)), "
        "channels AS (SELECT DISTINCT source, channel, entered_at, until "
        "FROM near JOIN calls USING (source, interaction_id) WHERE channel != '') "
        f"SELECT {_EVENT} FROM near WHERE "
        f"{_within('interaction_id', 'calls')} OR {_within('channel', 'channels')}"
    )


def _within(name: str, spans: str) -> str:
    """Return the condition that an event is of one of some calls and within that very call.

    Calls overlap: within another's time the same caller may be at somebody else's.
    """
    return (
        f"arrayExists(each -> near.source = each.1 AND near.{name} = each.2 "
        "AND near.occurred_at >= each.3 AND near.occurred_at <= each.4, "
        f"(SELECT groupArray((source, {name}, entered_at, until)) FROM {spans}))"
    )


def _legs(ask: Ask, domain: str, evidence: Row) -> list[Row]:
    """Return the calls that are the evidence: at their ends, or where they go on."""
    ids = _list(evidence.get("legs", ()))
    return ask(
        "SELECT coalesce(ended_at, answered_at, entered_at) AS at, "
        "concat('call ', leg_id) AS what, concat(if(queue_id = '', direction, queue_id), ', ', "
        "if(wait_ms IS NULL, '', concat('waited ', toString(wait_ms), ' ms, ')), "
        "multiIf(ended_at IS NULL, 'goes on', talk_ms IS NULL, outcome::String, "
        "concat('talked ', toString(talk_ms), ' ms'))) "
        f"AS data FROM legs WHERE {domain} AND leg_id IN ({ids}) ORDER BY at"
    )


def _waiting(ask: Ask, domain: str, evidence: Row) -> list[Row]:
    """Return the calls that waited while something happened, where that made it worse."""
    if not evidence.get("waiting_legs"):
        return []
    ids = _list(evidence["waiting_legs"])
    return ask(
        "SELECT entered_at AS at, concat('waits ', leg_id) AS what, concat(queue_id, ', ', "
        "if(left_at IS NULL, 'still', concat('until ', toString(left_at)))) AS data FROM legs "
        f"WHERE {domain} AND leg_id IN ({ids}) ORDER BY entered_at"
    )


def _list(ids: Iterable[str]) -> str:
    return ", ".join(quoted(each) for each in ids) or "''"


def _head(episode: Row, evidence: Row) -> list[str]:
    named = (
        ("queue", episode["queue_id"]),
        ("team", episode["team"]),
        ("source", evidence.get("source")),  # of a suspected system without a team
    )
    whose = (f"{kind} {name}" for kind, name in named if name)
    who = episode["agent_id"] or next(whose, "team (none)")
    values = {
        name: _when(value) if f"_{name}".endswith(_INSTANTS) else value
        for name, value in evidence.items()
        if name not in _LISTS
    }
    about = re.sub(r"\b\d{13}\b", lambda found: str(_when(int(found[0]))), episode["about"])
    return [
        f"{episode['code']} of {who}: {episode['state']}, {episode['severity']}",
        f"about       {about}",
        f"thresholds  {episode['thresholds']}  (version {episode['rule_version']})",
        f"values      {msgspec.json.encode(values).decode()}",
        "times       UTC",
    ]


def _when(value: Any) -> Any:
    """Return milliseconds since 1970 as people read them, UTC."""
    if isinstance(value, list):
        return [_when(each) for each in value]
    if not isinstance(value, int):
        return value
    at = datetime.fromtimestamp(value / 1000, UTC)
    return at.strftime("%Y-%m-%d %H:%M:%S.") + f"{value % 1000:03}"


_INSTANTS = ("_at", "_from", "_until", "_breaks")
"""Ends of names of values that are instants, or lists of them."""

_LISTS = frozenset({"events", "legs", "offers", "episodes", "waiting_legs"})


def _in_order(episode: Row, told: list[Row], reviews: list[Row]) -> list[str]:
    """Return events and the moments of the episode as lines, in the order of time."""
    ordered = sorted(told, key=_place)
    lines = [
        (each["at"], 0, n, f"{each['what']}  {each['data']}") for n, each in enumerate(ordered)
    ]
    moments = (
        ("pending_at", "PENDING"), ("fired_at", "FIRED"), ("warning_at", "WARNING"),
        ("critical_at", "CRITICAL"), ("cleared_at", "CLEARED"),
        ("voided_at", "VOIDED by what was received then"),
    )  # fmt: skip
    lines += [
        (episode[at], place, 0, f"--> {word}")
        for place, (at, word) in enumerate(moments, 1)
        if episode[at]
    ]
    lines += [
        (each["decided_at"], 7, 0, f"--> {each['verdict'].upper()} by {each['author']}: "
         f"{each['reason']}")
        for each in reviews
    ]  # fmt: skip
    return [f"{at}  {text}" for at, *_, text in sorted(lines)]


def _place(told: Row) -> tuple[Any, ...]:
    """Return where something stands: of an instant events as they were told, then calls."""
    said = "id" in told
    place = (told["source"], told["feed"], int(told["sequence"])) if said else ("", "", 0)
    return told["at"], not said, *place, told["what"]
