"""Made-up manager sessions: a few lines of text become the messages that Asterisk would send.

    09:00:00  new     PJSIP/101-1 num=101 exten=600     a channel that dials; its own contact
    09:00:00  new     PJSIP/102-2 of=PJSIP/101-1        one that is dialled in that contact
    09:00:01  rings   PJSIP/102-2
    09:00:05  up      PJSIP/102-2
    09:00:05  in      PJSIP/102-2 b1                    BridgeEnter; `out` is BridgeLeave
    09:00:30  asks    PJSIP/102-2 cause=16              HangupRequest; `orders` is a soft one
    09:00:30  gone    PJSIP/102-2 cause=16              Hangup
    09:00:05  joins   PJSIP/102-2 PJSIP/103-3           nothing is said: its Linkedid is that of
                                                        the other from now on
    09:00:06  named   PJSIP/102-2 Local/1@x-1;1         Rename: it is called so from now on
    09:00:07  dialled PJSIP/101-1 PJSIP/102-2 NOANSWER  DialEnd
    09:00:08  blind   PJSIP/102-2 PJSIP/101-1 exten=203
    09:00:09  attends PJSIP/102-2 PJSIP/102-4 whom=PJSIP/101-1 to=PJSIP/103-5
    09:00:10  says    Newexten PJSIP/101-1 Application=Dial    any other event of a channel

`name=value` adds or changes a header.
"""

from datetime import UTC, datetime

from schemas.events import encode
from schemas.facts import Fact, Leg
from tests.cacofonisk import translated
from tests.readings import legs
from tests.timetable import DAY, run, terms

_STATES = {"Down": "0", "Ring": "4", "Ringing": "5", "Up": "6"}
_CALLED = "s"
_BRIDGE = {"BridgeType": "basic", "BridgeTechnology": "simple_bridge"}
_OWN = frozenset({"of", "num", "exten", "context", "cause", "whom", "to"})

AGENTS = {
    "Anna": {"devices": ["PJSIP/101"], "ids": ["101"]},
    "Boris": {"devices": ["PJSIP/102"], "ids": ["102"]},
    "Clara": {"ids": ["103"]},
}
CALLED = """
    09:00:00  new    PJSIP/line-1 num=2025550101 exten=600
    09:00:01  new    PJSIP/101-2 of=PJSIP/line-1
    09:00:01  rings  PJSIP/101-2
    09:00:05  up     PJSIP/101-2
    09:00:05  up     PJSIP/line-1
    09:00:05  in     PJSIP/101-2 b1
    09:00:05  in     PJSIP/line-1 b1
"""
HUNG_UP = """
    09:00:50  out    PJSIP/101-2 b1
    09:00:50  gone   PJSIP/101-2
    09:00:50  out    PJSIP/line-1 b1
    09:00:50  gone   PJSIP/line-1
"""

Words = list[str]
More = dict[str, str]


class _Channels:
    """What each channel is called, and which contact it is in."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, str]] = {}

    def born(self, name: str, at: float, more: More) -> None:
        unique = f"{int(at)}.{len(self._known) + 1}"
        linked = self._known[more["of"]]["Linkedid"] if "of" in more else unique
        state = "Down" if "of" in more else "Ring"
        self._known[name] = {
            "Channel": name, "ChannelState": _STATES[state], "ChannelStateDesc": state,
            "CallerIDNum": more.get("num", "<unknown>"), "ConnectedLineNum": "<unknown>",
            "Context": more.get("context", "from-internal"),
            "Exten": more.get("exten", _CALLED), "Priority": "1",
            "Uniqueid": unique, "Linkedid": linked,
        }  # fmt: skip

    def of(self, name: str, prefix: str = "") -> dict[str, str]:
        return {prefix + key: value for key, value in self._known[name].items()}

    def change(self, name: str, **headers: str) -> None:
        self._known[name] |= headers

    def rename(self, name: str, new: str) -> None:
        self._known[new] = {**self._known.pop(name), "Channel": new}


def messages(text: str) -> list[dict[str, str]]:
    """Return the messages of a session, each with its headers."""
    channels, told = _Channels(), list[dict[str, str]]()
    for place, line in enumerate(filter(None, map(str.strip, text.splitlines()))):
        stamp, verb, *rest = line.split()
        more = dict(word.split("=", 1) for word in rest if "=" in word)
        words = [word for word in rest if "=" not in word]
        at = datetime.fromisoformat(f"{DAY} {stamp}").replace(tzinfo=UTC).timestamp()
        message = _message(channels, verb, words, more, at)
        at += place / 1_000_000  # one line is told after another
        if message:
            extra = {key: value for key, value in more.items() if key not in _OWN}
            told.append({**message, "Timestamp": f"{at:.6f}", **extra})
    return told


def _message(
    channels: _Channels, verb: str, words: Words, more: More, at: float
) -> dict[str, str]:
    if verb == "says":
        return {"Event": words[0], **(channels.of(words[1]) if len(words) > 1 else {})}
    name = words[0]
    match verb:
        case "new":
            channels.born(name, at, more)
            return {"Event": "Newchannel", **channels.of(name)}
        case "joins":
            channels.change(name, Linkedid=channels.of(words[1])["Linkedid"])
            return {}
        case "named":
            old = channels.of(name)
            channels.rename(name, words[1])
            return {"Event": "Rename", **old, "Newname": words[1]}
        case "rings" | "up":
            state = "Ringing" if verb == "rings" else "Up"
            channels.change(name, ChannelState=_STATES[state], ChannelStateDesc=state)
            if channels.of(name)["Exten"] == _CALLED:
                channels.change(name, Exten="")  # what is dialled stands in no dial plan
            return {"Event": "Newstate", **channels.of(name)}
        case "in" | "out":
            event = "BridgeEnter" if verb == "in" else "BridgeLeave"
            bridge = {"BridgeUniqueid": words[1], **_BRIDGE}
            return {"Event": event, **channels.of(name), **bridge}
        case "asks" | "orders":
            event = "HangupRequest" if verb == "asks" else "SoftHangupRequest"
            return {"Event": event, **channels.of(name), "Cause": more.get("cause", "16")}
        case "gone":
            return {"Event": "Hangup", **channels.of(name), "Cause": more.get("cause", "16")}
        case "holds" | "resumes":
            return {"Event": "Hold" if verb == "holds" else "Unhold", **channels.of(name)}
        case "dialled":
            ends = {**channels.of(name), **channels.of(words[1], "Dest")}
            return {"Event": "DialEnd", **ends, "DialStatus": words[2]}
        case "blind":
            return _blind(channels, name, words[1], more)
        case "attends":
            return _attended(channels, name, words[1], more)
    raise ValueError(verb)


def _blind(channels: _Channels, by: str, whom: str, more: More) -> dict[str, str]:
    return {
        "Event": "BlindTransfer", "Result": "Success", "IsExternal": "Yes",
        **channels.of(by, "Transferer"), **channels.of(whom, "Transferee"),
        "BridgeUniqueid": "b1", "Context": "from-internal", "Extension": more["exten"],
    }  # fmt: skip


def _attended(channels: _Channels, first: str, second: str, more: More) -> dict[str, str]:
    whom = channels.of(more["whom"], "Transferee") if "whom" in more else {}
    to = channels.of(more["to"], "TransferTarget") if "to" in more else {}
    return {
        "Event": "AttendedTransfer", "Result": "Success", "IsExternal": "Yes",
        "DestType": "Bridge", "DestBridgeUniqueid": "b1",
        **channels.of(first, "OrigTransferer"), **channels.of(second, "SecondTransferer"),
        **whom, **to,
    }  # fmt: skip


def told(text: str) -> list[Fact]:
    """Return the facts that follow of a session."""
    log = [encode(event) for event in translated(messages(text))]
    return run(log, terms(agents=AGENTS))[1]


def how(text: str) -> list[str]:
    """Return how the calls of a session went, in words."""
    return sorted(said(leg) for leg in legs(told(text)))


def said(leg: Leg) -> str:
    """Return in words how a call went, without its times."""
    begun = f"{leg.agent_id} {leg.direction} {leg.outcome}"
    if leg.transfer_kind:
        return f"{begun}, {leg.transfer_kind} to {leg.transferred_to}"
    return f"{begun}, {leg.ended_by} hung up"
