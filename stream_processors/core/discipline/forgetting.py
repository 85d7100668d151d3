"""Drops from a docket what no rule can reach: its size is that of what may still be judged.

Nothing comes any more of before an instant on a source's clock; what a rule looks back on from
there is kept, and what was found so long ago stands as it was found.
"""

from bisect import bisect_left
from collections.abc import Collection, Mapping

from stream_processors.core.discipline.diary import WINDOW_MS, is_final
from stream_processors.core.discipline.docket import Docket, ids_of
from stream_processors.core.discipline.episode import episode_id
from stream_processors.core.discipline.pages import REMEMBERED_MS
from stream_processors.core.discipline.suspicion import Suspect


def forget_docket(
    docket: Docket, source: str, before: int, agents: Mapping[str, int], teams: Collection[str]
) -> None:
    """Drop what no rule can reach: nothing comes any more of before `before` [ms].

    Args:
        docket: changed in place.
        source: whose.
        before: on its clock.
        agents: those of the source, and from when on [ms] their plans need what they did.
        teams: those of the source.
    """
    for agent_id, needed in agents.items():
        diary = docket.diaries.get(agent_id)
        for leg_id in diary.forget(before, needed) if diary is not None else ():
            del docket.served[leg_id]
        _forget_pages(docket, agent_id, before)
        _settle_chats(docket, agent_id, before)
    for team in teams:
        if team in docket.crews:
            docket.crews[team].forget(before)
    fires = {said.episode_id for said in docket.firing()}
    for name, (_, at) in list(docket.reviewed.items()):
        if at < before - REMEMBERED_MS and name not in fires:
            del docket.reviewed[name]
    _forget_source_suspects(docket, source, before - WINDOW_MS)
    for key in docket.fired:
        if key.rpartition("|")[0] in teams:
            _forget_suspects(docket, key, before - WINDOW_MS)
    docket.note_fired_dropped()


def _forget_pages(docket: Docket, agent_id: str, before: int) -> None:
    """Drop critical episodes of more than a day ago that cannot change any more."""
    pages = docket.pages.get(agent_id, {})
    said = docket.diaries[agent_id].said if agent_id in docket.diaries else {}
    for name, page in list(pages.items()):
        if page.at < before - REMEMBERED_MS and name not in said.get(page.code, {}):
            del pages[name]
            docket.beyond.pop(name, None)
    if not pages:
        docket.pages.pop(agent_id, None)


def _settle_chats(docket: Docket, agent_id: str, before: int) -> None:
    """Take what calls with colleagues were before an instant [ms] as final."""
    if agent_id not in docket.chatting:
        return
    chats = docket.diaries[agent_id].chats
    for leg_id, chat in chats.items():
        chats[leg_id] = chat.settled_until(before)
    if all(chat.is_settled for chat in chats.values()):
        del docket.chatting[agent_id]


def _forget_source_suspects(docket: Docket, source: str, final: int) -> None:
    """Drop suspects of a source that are over for good."""
    for key, group in list(docket.source_suspects.items()):
        name, _, code = key.rpartition("|")
        if name != source:
            continue
        over = {each for each, said in group.said.items() if is_final(said, final)}
        kept = []
        for each in group.clusters:
            about = each.about_source(code, source)
            if episode_id("system_suspect", "", about) not in over:
                kept.append(each)
            else:
                _forget_fired(docket, each, code)
        group.clusters = kept
        for gone in over:
            del group.said[gone]
        docket.drop_source_if_empty(source, code)


def _forget_fired(docket: Docket, suspect: Suspect, code: str) -> None:
    """Drop the episodes of a suspect: by themselves they would be too many again."""
    for each in suspect.fired:
        fired = docket.fired[f"{docket.diaries[each.agent_id].team}|{code}"]
        fired.pop(each.episode_id, None)


def _forget_suspects(docket: Docket, key: str, final: int) -> None:
    """Drop suspects that are over for good, and episodes that can be part of none."""
    said = docket.suspects.get(key, {})
    over = {name for name, each in said.items() if is_final(each, final)}
    team, _, code = key.rpartition("|")
    kept = [
        each
        for each in docket.clusters.get(key, ())
        if episode_id("system_suspect", team, each.about(code)) not in over
    ]
    for name in over:
        del said[name]
    docket.clusters[key] = kept
    still = ids_of(kept) | docket.excused_at_sources(code)
    docket.fired[key] = {
        name: each
        for name, each in docket.fired[key].items()
        if each.at >= docket.diaries[each.agent_id].final_before or name in still
    }


def forget_journeys(docket: Docket, source: str, before: int) -> None:
    """Drop interactions of a source that were over for good before `before` [ms]."""
    final = before - WINDOW_MS
    for key, journey in list(docket.journeys.items()):
        if journey.source != source:
            continue
        if journey.began >= final:
            break  # they stand in the order of their first news
        over = journey.over
        if over is None or over >= final:
            continue
        for leg_id in journey.visits:
            del docket.journey_of[leg_id]
        del docket.journeys[key]
        docket.said_of_calls.pop(key, None)


def forget_missed(docket: Docket, queue_id: str, before: int) -> None:
    """Drop what was missed before an instant [ms]: who waited then is known no more."""
    known = docket.missed.get(queue_id)
    if known is not None:
        del known[: bisect_left(known, (before, "", ""))]
        if not known:
            del docket.missed[queue_id]


def forget_lengths(docket: Docket, queue_id: str, before: int) -> None:
    """Drop the days that began before an instant [ms] from a queue's after-work."""
    lengths = docket.lengths.get(queue_id)
    if lengths is not None:
        lengths.forget(before)
        if not lengths.days:
            del docket.lengths[queue_id]
