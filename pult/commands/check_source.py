"""`pult check-source`."""

import argparse
import os
from collections.abc import Iterator

from pult import settings
from pult.context import Context, name, positive
from pult.doctor import Finding, of_skew
from pult.log_members import NO_QUEUE_LOG, complaint, is_something_else
from pult.source_settings import SourceSettings
from pult.sources import ami_access
from pult.survey import Survey, survey
from schemas.errors import SettingsInvalid
from schemas.wording import counted

_FEEDS = {
    "agent": "waits, answers, offers, agents and breaks (all cc_queue_*, cc_agents)",
    "call": "who hung up, abandons apart from time-outs, transfers, holds, direct calls",
    "dialplan": "why a caller left unanswered: time-out, key, nobody there",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this verb takes."""
    parser.add_argument("name", type=name, metavar="NAME", help="as in [sources.NAME]")
    parser.add_argument(
        "--seconds", type=positive, default=60.0, metavar="N",
        help="how long to watch (default 60); have a call go through a queue meanwhile",
    )  # fmt: skip


def run(context: Context, chosen: argparse.Namespace) -> int:
    """Watch a source and say what it can feed; 1 if something needs attention."""
    loaded = settings.load(context.config)
    entry = loaded.sources.get(chosen.name)
    if entry is None:
        known = ", ".join(loaded.sources) or "none"
        msg = f"no source {chosen.name} in the settings (known: {known}); add it, or pult init"
        raise SettingsInvalid(msg)
    if entry.webhook is not None:
        msg = f"{chosen.name} posts to us: watch pult_source_frames_total of it in /metrics"
        raise SettingsInvalid(msg)
    findings = _queue_log(chosen.name, entry)
    if entry.ami is None:
        text = f"sources.{chosen.name}.ami is not set: nothing live but the queue log's lines"
        findings.append(Finding(good=True, text=text, remark=True))
    else:
        where = f"sources.{chosen.name}.ami"
        address, login = ami_access(where, entry.ami, context.environ)
        print(f"Watching {address} for {chosen.seconds:g} s", flush=True)
        findings += judged(survey(address, login, chosen.seconds))
    for finding in findings:
        print(finding)
    return 0 if all(finding.good for finding in findings) else 1


def judged(found: Survey) -> list[Finding]:
    """Return what a PBX feeds, and the lines of manager.conf that would mend what it lacks."""
    findings = [Finding(good=True, text=f"logged in, AMI {found.version}"), _skew(found)]
    findings += _snapshots(found)
    if not found.booted:
        text = "no FullyBooted, so restarts go unnoticed; add system to read= in manager.conf"
        findings.append(Finding(good=False, text=text))
    if found.untimed:
        text = (
            f"{counted(found.untimed, 'event')} without a time, rejected for it; set "
            "timestampevents = yes in [general] of manager.conf"
        )
        findings.append(Finding(good=False, text=text))
    for each, feeds in _FEEDS.items():
        count = found.classes[each]
        if count:
            findings.append(
                Finding(good=True, text=f"{each}: {counted(count, 'event')}; {feeds}")
            )
        else:
            text = (
                f"{each}: no event was seen, it feeds {feeds}; if calls went through, add "
                f"{each} to read= of this user in manager.conf"
            )
            findings.append(Finding(good=True, text=text, remark=True))
    return findings


def _snapshots(found: Survey) -> Iterator[Finding]:
    people = set().union(*found.queues.values())
    if found.refusal:
        text = f"no snapshot: {found.refusal}; load app_queue: module load app_queue"
        yield Finding(good=False, text=text)
    else:
        text = (
            f"snapshot: {counted(len(found.queues), 'queue')}, {counted(len(people), 'member')}"
        )
        yield Finding(good=True, text=text, remark=not found.queues)
    if found.no_channels:
        text = (
            f"no list of channels: {found.no_channels}; talks that end while nobody listens "
            "stay open; add reporting to write= of this user in manager.conf"
        )
        yield Finding(good=False, text=text)


def _skew(found: Survey) -> Finding:
    skew = found.skew_seconds
    if skew is None:
        return Finding(good=True, text="its clock is not told by its answers", remark=True)
    return of_skew(f"clock: {skew:+.3f} s against ours", skew)


def _queue_log(name: str, entry: SourceSettings) -> list[Finding]:
    path, setting = entry.queue_log, f"sources.{name}.queue_log"
    if path is None:
        text = f"{setting} is not set: what AMI loses stays lost"
        return [Finding(good=True, text=text, remark=True)]
    if not (path.is_file() and os.access(path, os.R_OK)):
        text = f"queue log {path} cannot be read; check {setting} and its rights"
        return [Finding(good=False, text=text)]
    if is_something_else(path):
        text = f"{path} {NO_QUEUE_LOG}; check {setting}"
        return [Finding(good=False, text=text)]
    text = f"queue log {path} can be read: heals gaps, counts outcomes"
    findings = [Finding(good=True, text=text)]
    said = complaint(setting, path, with_ami=entry.ami is not None)
    if said:
        findings.append(Finding(good=entry.ami is not None, text=said, remark=True))
    return findings
