"""AMI events about callers of queues: visits, ringings, talks.

No event here remembers an earlier one. QueueCallerAbandon comes for time-outs and empty queues
as well (apps/app_queue.c `record_abandoned`), QueueCallerLeave for every exit: what they do not
tell is said to be unknown, and the core concludes it from the hang-ups.
"""

from producers.asterisk.message import Message
from schemas.events import (
    EndedBy,
    Event,
    LegConnected,
    LegConnectedData,
    LegEnded,
    LegEndedData,
    OfferEnded,
    OfferEndedData,
    OfferResult,
    OfferStarted,
    OfferStartedData,
    QueueEntered,
    QueueEnteredData,
    QueueExit,
    QueueLeft,
    QueueLeftData,
)

# FULL, JOINEMPTY and JOINUNAVAIL are missing: that caller never joined. So is CONTINUE: an
# agent answered and hung up, which AgentConnect and AgentComplete have told at the right time.
_OF_VARIABLES: dict[tuple[str, str], QueueExit] = {
    ("QUEUESTATUS", "TIMEOUT"): "timeout",
    ("QUEUESTATUS", "LEAVEEMPTY"): "empty",
    ("QUEUESTATUS", "LEAVEUNAVAIL"): "empty",
    ("QUEUESTATUS", "WITHDRAW"): "withdrawn",
    ("ABANDONED", "TRUE"): "unanswered",
}
_DIAL_RESULTS: dict[str, OfferResult] = {
    "CANCEL": "cancelled",
    "BUSY": "busy",
    "NOANSWER": "no_answer",
    "CHANUNAVAIL": "failed",
    "CONGESTION": "failed",
}
_ENDED_BY: dict[str, EndedBy] = {"caller": "caller", "agent": "agent", "transfer": "agent"}


def queue_entered(message: Message) -> list[Event]:
    """QueueCallerJoin. Its Priority is a line of the dial plan, not the caller's rank."""
    data = QueueEnteredData(
        channel_id=message.need("Uniqueid"),
        interaction_id=message.interaction(),
        queue_id=message.need("Queue"),
        position=message.number("Position") or 0,
        caller_key=message.names.callers.key(message.text("CallerIDNum")),
    )
    return [QueueEntered(data=data, **message.attributes(QueueEntered, data.interaction_id))]


def queue_left(message: Message) -> list[Event]:
    """QueueCallerLeave: the end of the wait, to the microsecond, but not its outcome."""
    data = QueueLeftData(channel_id=message.need("Uniqueid"), queue_id=message.need("Queue"))
    return _left(message, data)


def queue_left_unanswered(message: Message) -> list[Event]:
    """QueueCallerAbandon: no agent answered; the caller's patience is one reason of several."""
    data = QueueLeftData(
        channel_id=message.need("Uniqueid"),
        queue_id=message.need("Queue"),
        outcome="unanswered",
        wait_ms=message.seconds("HoldTime"),
        place=message.place(),
    )
    return _left(message, data)


def variable_set(message: Message) -> list[Event]:
    """VarSet of QUEUESTATUS: why Queue() gave the caller back to the dial plan.

    ABANDONED comes just before QueueCallerAbandon. It says no more, but shows that variables
    are told: then a reason follows, if there is one.

    Source: docs.asterisk.org, Dialplan Applications, Queue, its channel variables.
    """
    outcome = _OF_VARIABLES.get((message.text("Variable"), message.text("Value")))
    if outcome is None:
        return []
    return _left(message, QueueLeftData(channel_id=message.need("Uniqueid"), outcome=outcome))


def _left(message: Message, data: QueueLeftData) -> list[Event]:
    return [QueueLeft(data=data, **message.attributes(QueueLeft, message.interaction()))]


def offer_started(message: Message) -> list[Event]:
    """AgentCalled. AMI 1.x does not name the agent's channel, so its ringings have no end."""
    offer = message.text("DestUniqueid")
    if not offer:
        return []
    data = OfferStartedData(
        channel_id=message.need("Uniqueid"),
        queue_id=message.need("Queue"),
        agent_id=message.agent(),
        offer_id=offer,
        device=message.text("Interface"),
    )
    return [OfferStarted(data=data, **message.attributes(OfferStarted, message.interaction()))]


def offer_not_answered(message: Message) -> list[Event]:
    """AgentRingNoAnswer: RingTime is milliseconds here; 0 is a member that was busy."""
    ring_ms = message.milliseconds("RingTime")
    return _offer_ended(message, "busy" if ring_ms == 0 else "no_answer", ring_ms)


def offer_rejected(message: Message) -> list[Event]:
    """AgentDump: the agent hung up during the announcement; the caller waits on."""
    return _offer_ended(message, "rejected", None)


def _offer_ended(message: Message, result: OfferResult, ring_ms: int | None) -> list[Event]:
    data = OfferEndedData(
        channel_id=message.need("Uniqueid"),
        result=result,
        queue_id=message.need("Queue"),
        agent_id=message.agent(),
        offer_id=message.text("DestUniqueid"),
        ring_ms=ring_ms,
    )
    return [OfferEnded(data=data, **message.attributes(OfferEnded, message.interaction()))]


def dial_ended(message: Message) -> list[Event]:
    """DialEnd: the only word of AMI about a ringing that the caller or another agent ended.

    Of a device it tells who ended the ringing of a call without a queue, too. A phone that
    sends its call on is told to be cancelled, with `Forward`; then the PBX rings another
    channel, which stands for the same member (apps/app_queue.c `wait_for_answer`).
    """
    result = _DIAL_RESULTS.get(message.text("DialStatus"))
    channel, offer = message.text("Uniqueid"), message.text("DestUniqueid")
    if result is None or not channel or not offer:
        return []
    interaction, device = message.text("DestLinkedid"), message.device("DestChannel")
    data = OfferEndedData(
        channel_id=channel, result=result, offer_id=offer,
        interaction_id=interaction if device else "", device=device if interaction else "",
        forwarded=message.text("Forward") != "",
    )  # fmt: skip
    return [OfferEnded(data=data, **message.attributes(OfferEnded, message.interaction()))]


def leg_connected(message: Message) -> list[Event]:
    """AgentConnect: HoldTime is the whole wait, RingTime the last ringing, both in seconds."""
    data = LegConnectedData(
        channel_id=message.need("Uniqueid"),
        queue_id=message.need("Queue"),
        agent_id=message.agent(),
        offer_id=message.text("DestUniqueid"),
        wait_ms=message.seconds("HoldTime"),
        ring_ms=message.seconds("RingTime"),
    )
    return [LegConnected(data=data, **message.attributes(LegConnected, message.interaction()))]


def leg_ended(message: Message) -> list[Event]:
    """AgentComplete: in a transfer it comes at the transfer, which the agent did.

    When the channels are gone before it is written (2 % in the lab's recording) it names no
    caller; queue, agent and wait tell which talk it was. Where a Local channel had waited that
    Asterisk has taken out of the way, it names whoever stood behind that one.
    """
    data = LegEndedData(
        channel_id=message.text("Uniqueid"),
        queue_id=message.need("Queue"),
        agent_id=message.agent(),
        offer_id=message.text("DestUniqueid"),
        ended_by=_ENDED_BY.get(message.text("Reason"), "unknown"),
        wait_ms=message.seconds("HoldTime"),
        talk_ms=message.seconds("TalkTime"),
    )
    subject = message.interaction() or data.agent_id
    return [LegEnded(data=data, **message.attributes(LegEnded, subject))]
