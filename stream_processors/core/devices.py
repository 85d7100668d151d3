"""Whose a device is.

A device belongs to the agent whom a queue knows by it (StateInterface, else the interface that
it rings), else to whom the directory in the settings gives it.
"""

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from stream_processors.core.pools import holders, number_of, tell_anew
from stream_processors.core.sources import Source

if TYPE_CHECKING:
    from stream_processors.core.change import Change

_HINT = "hint:"


def claim(change: "Change", source: Source, device: str, agent_id: str, at: int) -> None:
    """Let a device be an agent's from an instant [ms] on, until another claims it."""
    if not device or device.startswith(("Local/", "Custom:")):
        return
    number = number_of(device)
    was = holders(source, number) if number else {}
    if _file_claim(source, device, agent_id, at):
        _unsettle_users(change, source, device)
        if number:
            tell_anew(change, source, number, was)


def _file_claim(source: Source, device: str, agent_id: str, at: int) -> bool:
    """Keep a claim; return False if it changes nothing.

    One that repeats what holds is kept, too: a claim by another may come late and lie between.
    """
    claims = source.devices.setdefault(_claimed(device), [])
    place = bisect_left(claims, (at, agent_id))
    if claims[place : place + 1] == [(at, agent_id)]:
        return False
    claims.insert(place, (at, agent_id))
    # Before the first claim, too, a device is whose that is.
    neighbours = claims[place - 1 : place] if place else claims[1:2]
    return not any(told == agent_id for _, told in neighbours)


def _unsettle_users(change: "Change", source: Source, device: str) -> None:
    """Let the contacts of a device be concluded anew: it has become another agent's."""
    for channel_id in source.used.get(name_of(_claimed(device)), ()):
        change.unsettle_contact(source, source.channels[channel_id])


def name_of(device: str) -> str:
    """Return the name of a device without its technology."""
    return device.rpartition("/")[2]


def _claimed(device: str) -> str:
    """Return what a claim is filed under: a hint names the extension, not the phone."""
    if device.startswith(_HINT):
        return device[len(_HINT) :].partition("@")[0]
    return device


def owner(change: "Change", source: Source, device: str, at: int) -> str:
    """Return whose a device is at an instant [ms], '' if no agent's.

    A call that began before anybody claimed its device is of the first who did.
    """
    name = name_of(device)
    for filed in (device, name):
        claims = source.devices.get(filed)
        if claims:
            place = bisect_right(claims, (at, "\uffff"))
            return claims[max(0, place - 1)][1]
    directory = change.terms.directory
    return directory.get(device) or directory.get(name, "")


def owners_ever(change: "Change", source: Source, device: str) -> set[str]:
    """Return all whose a device has been, as far as is known."""
    name = name_of(device)
    ever = {told for filed in (device, name) for _, told in source.devices.get(filed, ())}
    directory = change.terms.directory
    return ever | {directory.get(device, ""), directory.get(name, "")} - {""}
