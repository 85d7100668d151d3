"""A CRM that does not exist is read by the TOML file that docs/sources/adding-one.md shows."""

import json
import re
from pathlib import Path

from producers.webhooks.mapping import CrmMapping
from producers.webhooks.signatures import Check, Posted
from tests.producers.webhooks.reading import of, read, short

PAGE = Path(__file__).parents[3] / "docs" / "sources" / "adding-one.md"


def page(language: str) -> list[str]:
    """Return the blocks of the page in a language, also those that are quoted."""
    text = re.sub(r"^> ?", "", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def otterdesk() -> CrmMapping:
    return of(page("toml")[0])


def test_what_the_page_of_the_crm_shows_becomes_its_events() -> None:
    events, rejected = read(
        otterdesk(), page("json")[0].encode(), "application/json", {"x-otter-event": "ticket"},
        {"anna": "Anna Petrova"},
    )  # fmt: skip

    assert rejected == []
    assert [short(event) for event in events] == [
        {"type": "case.resolved", "time": "2026-03-02T07:15:30.000Z", "case_id": "T-7",
         "agent_id": "Anna Petrova", "status": "done", "interaction_id": "1772435000.7"},
        {"type": "case.reopened", "time": "2026-03-02T07:16:00.000Z", "case_id": "T-8",
         "status": "open"},
    ]  # fmt: skip


def test_its_ratings_are_answers_and_its_pings_nothing() -> None:
    rating = {"no": 93, "at": "02.03.2026 10:17:00", "rating": {"ticket": "T-7", "stars": 4}}
    body = json.dumps({"changes": [rating]}).encode()

    (answer,), rejected = read(otterdesk(), body, "", {"x-otter-event": "rating"})

    assert rejected == []
    assert short(answer) == {
        "type": "survey.answered", "time": "2026-03-02T07:17:00.000Z", "kind": "csat",
        "score": 4.0, "scale_min": 1.0, "scale_max": 5.0, "case_id": "T-7",
    }  # fmt: skip
    assert read(otterdesk(), body, "", {"x-otter-event": "ping"}) == ([], [])


def test_its_signature_needs_no_program_either() -> None:
    # printf '{"changes":[]}' | openssl dgst -sha1 -hmac 'key of the shop' -binary | base64
    told = "jhHZhs/TcOlBcFMNFDgKkcE2KF4="
    scheme = otterdesk().signature
    assert scheme is not None
    check = Check(scheme, ["key of the shop"], "sources.otter.webhook")

    def verdict(body: bytes) -> str:
        return check(Posted("POST", "", "", {"x-otter-sum": told}, body), 0)

    assert (verdict(b'{"changes":[]}'), verdict(b'{"changes":[ ]}')) == ("right", "wrong")
