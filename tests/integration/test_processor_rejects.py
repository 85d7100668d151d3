"""What a worker cannot use goes whole into `rejected`; too much of it stops the worker."""

import msgspec

from schemas.events import LegEnded, decode, encode
from schemas.facts import Rejected
from tests.integration.half_hour import TENANTS, recorded
from tests.integration.workers import Site
from tests.pult.command import wait_for
from tests.shells.records import of

TENANT = TENANTS[0]


def an_end(values: list[bytes]) -> LegEnded:
    """Return the first end of a talk."""
    return next(each for each in map(decode, values) if isinstance(each, LegEnded))


def bad(values: list[bytes]) -> dict[str, tuple[str | None, bytes]]:
    """One record of each kind that cannot be used, by what is wrong with it."""
    good = values[0]
    end = encode(an_end(values))
    future = msgspec.structs.replace(decode(good), time="2099-01-01T00:00:00.000Z")
    return {
        "oversized": (TENANT, good[:-1] + b',"more":"' + b"x" * 100_000 + b'"}'),
        "undecodable": (TENANT, b"\xff\xfe{"),
        "unknown type": (TENANT, good.replace(b"cc.", b"dd.", 1)),
        "no key": (None, good),
        "another domain's key": (TENANTS[1], good),
        "future": (TENANT, encode(future)),
        "negative": (TENANT, end.replace(b'"talk_ms":', b'"talk_ms":-')),
        "another tenant": (TENANT, of(good, "stranger")),
    }  # fmt: skip


WANTED = {
    "oversized": "oversized",
    "undecodable": "malformed",
    "unknown type": "malformed",
    "no key": "unreadable",
    "another domain's key": "foreign",
    "future": "future",
    "negative": "malformed",
    "another tenant": "foreign",
}


def test_what_cannot_be_used_is_rejected_whole_with_its_reason_and_the_rest_goes_on(
    installation: Site,
) -> None:
    values = [of(value, TENANT) for value in recorded()[:500]]
    records = bad(values)
    installation.publish([*((TENANT, value) for value in values[:250]), *records.values()])
    installation.publish((TENANT, value) for value in values[250:])
    worker = installation.worker("w1")

    installation.wait_until_ready()
    rejected = worker.metrics()["pult_processor_rejected_total"]
    worker.end()

    found = [
        (fact.content, fact.reason)
        for facts in installation.facts("rejected").values()
        for fact in facts
        if isinstance(fact, Rejected)
    ]
    assert sorted(found) == sorted((records[name][1], why) for name, why in WANTED.items())
    assert rejected == len(records)
    assert sum(fact.voided for fact in installation.facts()[TENANT]) == 0


def test_too_large_a_share_of_rejects_stops_a_worker_with_one_line(installation: Site) -> None:
    installation.settings = "[processor]\nreject_least = 50"
    good = of(recorded()[0], TENANT)
    worker = installation.worker("w1")
    installation.wait_until_ready()

    installation.publish([(TENANT, good), *((TENANT, b"{") for _ in range(60))])
    wait_for(lambda: worker.status("/readyz")[0] == 503, 20, "it is not ready")
    why = worker.status("/readyz")[1]
    code = worker.wait()

    assert code == 1
    assert "rejected" in worker.complaint
    assert worker.complaint.strip() in why.strip()
