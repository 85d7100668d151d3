"""AMI events about agents: membership of queues, breaks, log-ins."""

from producers.asterisk.message import Message
from schemas.events import (
    AgentLoggedIn,
    AgentLoggedInData,
    AgentLoggedOut,
    AgentLoggedOutData,
    AgentQueueJoined,
    AgentQueueJoinedData,
    AgentQueueLeft,
    AgentQueueLeftData,
    AgentStateChanged,
    AgentStateChangedData,
    Event,
)


def queue_joined(message: Message) -> list[Event]:
    """QueueMemberAdded: one for each queue of the agent."""
    data = AgentQueueJoinedData(
        agent_id=message.agent(),
        queue_id=message.need("Queue"),
        device=message.text("StateInterface", "Interface", "Location"),
        interface=message.interface(),
        penalty=message.number("Penalty") or 0,
        paused=message.text("Paused") == "1",
        reason=message.text("PausedReason"),
        wrapup_ms=message.seconds("Wrapuptime") or 0,
    )
    return [AgentQueueJoined(data=data, **message.attributes(AgentQueueJoined, data.agent_id))]


def queue_left(message: Message) -> list[Event]:
    """QueueMemberRemoved: one for each queue of the agent."""
    data = AgentQueueLeftData(
        agent_id=message.agent(), queue_id=message.need("Queue"), interface=message.interface()
    )
    return [AgentQueueLeft(data=data, **message.attributes(AgentQueueLeft, data.agent_id))]


def pause_changed(message: Message) -> list[Event]:
    """QueueMemberPause (QueueMemberPaused before Asterisk 12): one for each queue."""
    data = AgentStateChangedData(
        agent_id=message.agent(),
        state="not_ready" if message.need("Paused") == "1" else "ready",
        scope="queue",
        queue_id=message.need("Queue"),
        reason=message.text("PausedReason", "Reason"),
        interface=message.interface(),
    )
    head = message.attributes(AgentStateChanged, data.agent_id)
    return [AgentStateChanged(data=data, **head)]


def logged_in(message: Message) -> list[Event]:
    """AgentLogin of app_agent_pool; Agentlogin, Agentcallbacklogin of chan_agent."""
    data = AgentLoggedInData(
        agent_id=message.need("Agent"), device=message.text("Channel", "Loginchan")
    )
    return [AgentLoggedIn(data=data, **message.attributes(AgentLoggedIn, data.agent_id))]


def logged_out(message: Message) -> list[Event]:
    """AgentLogoff of app_agent_pool; Agentlogoff, Agentcallbacklogoff of chan_agent."""
    data = AgentLoggedOutData(
        agent_id=message.need("Agent"), device=message.text("Channel", "Loginchan")
    )
    return [AgentLoggedOut(data=data, **message.attributes(AgentLoggedOut, data.agent_id))]
