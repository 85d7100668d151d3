"""Decisions of people into frames of a journal, and these into events.

A frame is the instant of the decision [ms since 1970], a blank, and a JSON object. So the same
decision told twice is one message and one event, whenever it arrives.
"""

from typing import Annotated, NoReturn

import msgspec
from msgspec import Meta

from producers.envelope import Stamp, attributes
from producers.frame import Frame, Naming
from schemas.errors import ReviewRefused, UntranslatableFrame
from schemas.events import DESK, Event, ViolationReviewed, ViolationReviewedData
from schemas.facts import Verdict
from schemas.instants import END_MS

FEED = "reviews"


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who decided what about which episode, and why; `decided_at` in milliseconds."""

    episode_id: Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]
    verdict: Verdict
    author: Annotated[str, Meta(max_length=200)]
    decided_at: Annotated[int, Meta(ge=0, lt=END_MS)]
    reason: Annotated[str, Meta(max_length=1000)] = ""


def checked(decision: Decision) -> Decision:
    """Return a decision that may be kept: somebody decided it, and says why where that counts.

    Raises:
        ReviewRefused: a name or a reason is missing, too long, or no text on one line.
    """
    told = msgspec.structs.replace(
        decision, author=decision.author.strip(), reason=decision.reason.strip()
    )
    try:
        msgspec.convert(msgspec.to_builtins(told), Decision)
    except msgspec.ValidationError as error:
        _refuse(str(error))
    if not told.author:
        _refuse("its author is not named")
    if not told.reason and told.verdict != "acknowledged":
        _refuse("a reason is needed, for others have to understand it later")
    if not (told.author + told.reason).isprintable():
        _refuse("author and reason are to be text on one line")
    return told


def _refuse(why: str) -> NoReturn:
    msg = f"cannot take the review: {why}"
    raise ReviewRefused(msg)


def frame(decision: Decision, received_at_us: int) -> Frame:
    """Return a decision as it is kept in a journal."""
    content = b"%d %b" % (decision.decided_at, msgspec.json.encode(decision))
    return Frame(DESK, FEED, received_at_us, content)


def translate(frame: Frame, names: Naming) -> list[Event]:
    """Return the one event that a kept decision stands for.

    Raises:
        UntranslatableFrame: it is no review; the frame belongs into `rejected`.
    """
    try:
        told = msgspec.json.decode(frame.content.partition(b" ")[2], type=Decision)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        msg = f"no review: {error}"
        raise UntranslatableFrame(msg) from error
    data = ViolationReviewedData(
        episode_id=told.episode_id,
        verdict=told.verdict,
        author=told.author,
        reason=told.reason,
    )
    identity = (told.episode_id, told.verdict, told.author, told.reason, str(told.decided_at))
    stamp = Stamp(told.decided_at * 1000, told.decided_at, "adapter", identity)
    told_of = attributes(frame, names, stamp, ViolationReviewed, told.episode_id)
    return [ViolationReviewed(data=data, **told_of)]
