"""Each shipped mapping on its samples, and on what goes wrong with them on the way.

Beside each sample (`*.body`) stand its origin and the events expected of it, written by hand.
"""

import encodings.aliases
import json
import time

import pytest

from producers.webhooks.mapping import mapping, shipped
from schemas.errors import MappingInvalid
from tests.producers.webhooks.reading import of, read, short
from tests.producers.webhooks.sampled import EACH, ODD, SAMPLES, is_json, sample

SURVEY = 'title = "t"\n[[event]]\ntype = "survey.answered"\n'
HEAD = 'title = "t"\ntime = "time"\n[[event]]\ntype = "case.closed"\n'


@EACH
def test_a_sample_becomes_the_events_written_beside_it(name: str) -> None:
    body, expected = sample(name)

    events, rejected = read(expected["mapping"], body)

    assert rejected == []
    assert [short(event) for event in events] == expected["events"]
    assert expected["from"].startswith(("copied from ", "made from the field table"))


def test_every_shipped_mapping_has_a_sample() -> None:
    assert {sample(name)[1]["mapping"] for name in SAMPLES} == set(shipped())


@EACH
def test_a_sample_cut_short_is_rejected_or_means_nothing_else(name: str) -> None:
    body, expected = sample(name)
    for end in range(0, len(body), 7):
        events, rejected = read(expected["mapping"], body[:end])
        assert bool(events) or bool(rejected) or not expected["events"]
        assert not (is_json(body) and events)
        assert all(each.detail and each.content.endswith(body[:end]) for each in rejected)


@EACH
def test_a_message_that_comes_again_says_the_same(name: str) -> None:
    body, expected = sample(name)

    once, again = read(expected["mapping"], body)[0], read(expected["mapping"], body)[0]

    assert once == again
    assert len({event.id for event in once}) == len(once)


@EACH
def test_unknown_fields_and_their_order_do_not_matter(name: str) -> None:
    body, expected = sample(name)
    if not is_json(body):
        changed = body + b"&unknown[a][b]=%F0%9F%98%80&x[]=1&x[]=2"
    else:
        told = json.loads(body)
        items = told if isinstance(told, list) else [told]
        turned = [dict(reversed([*each.items(), ("new 😀", {"a": [1]})])) for each in items]
        changed = json.dumps(turned if isinstance(told, list) else turned[0]).encode()

    events, rejected = read(expected["mapping"], changed)

    assert rejected == []
    assert [short(event) for event in events] == expected["events"]


@pytest.mark.parametrize("kind", ["", "application/json", "application/x-www-form-urlencoded",
                                  "text/plain; charset=nonsense",
                                  "application/json; charset=zip",
                                  "application/json; charset=cp1251"])  # fmt: skip
@pytest.mark.parametrize("name", ODD)
def test_what_is_no_message_is_rejected_with_a_reason(name: str, kind: str) -> None:
    for each in shipped():
        events, (rejected,) = read(each, ODD[name], kind)

        assert events == []
        assert rejected.reason in ("malformed", "unmapped", "no_time")
        assert rejected.detail
        assert len(rejected.detail) < 1_000
        assert rejected.detail.isprintable()


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_whatever_character_set_is_named_a_body_is_read_or_rejected_soon(kind: str) -> None:
    """One raises whatever it is given, one takes the square of the length, some are packers."""
    names = {*encodings.aliases.aliases.values(), "undefined", "punycode", "idna", "charmap"}
    body = b'{"event": "' + b"b-" * 100_000 + b'"}'

    for charset in names:
        started = time.monotonic()
        events, (rejected,) = read("generic", body, f"{kind}; charset={charset}")

        assert (events, rejected.reason) in [([], "malformed"), ([], "unmapped")], charset
        assert time.monotonic() - started < 1, charset


def test_a_bad_item_does_not_spoil_the_others() -> None:
    body, _ = sample("hubspot_four")
    told = json.loads(body)
    told[1] = {**told[1], "occurredAt": "yesterday"}
    told[2] = "no object"

    events, (rejected,) = read("hubspot", json.dumps(told).encode())

    assert [short(event)["type"] for event in events] == ["case.created", "case.closed"]
    assert rejected.detail.startswith("2 of 6 items: item 2: 'yesterday' is no time of the")
    assert "item 3: an item is no object" in rejected.detail


def test_a_try_of_another_number_is_the_same_event() -> None:
    body, _ = sample("hubspot_four")
    again = body.replace(b'"attemptNumber": 0', b'"attemptNumber": 3')

    assert again != body
    ids = [[event.id for event in read("hubspot", each)[0]] for each in (body, again)]
    assert ids[0] == ids[1]


def test_what_no_rule_fits_says_what_was_asked() -> None:
    events, (rejected,) = read("generic", b'{"event": "card.lost", "time": "x"}')

    assert events == []
    assert (rejected.reason, rejected.detail) == (
        "unmapped", "no rule of the mapping fits (event = 'card.lost')",
    )  # fmt: skip


@pytest.mark.parametrize("body", ['{"time": "x"}', '{"event": null}', '{"event": ""}'])
def test_what_no_rule_fits_says_which_field_is_missing(body: str) -> None:
    _, (rejected,) = read("generic", body.encode())

    assert rejected.detail == "no rule of the mapping fits (event is missing)"


@pytest.mark.parametrize(("told", "time"), [
    ("2026-03-02T10:15:30+03:00", "2026-03-02T07:15:30.000Z"),
    ("2026-03-02T07:15:30.1234567Z", "2026-03-02T07:15:30.123Z"),
    ("2026-03-02 02:15:30.5-05:00", "2026-03-02T07:15:30.500Z"),
    ("2026-03-02T13:00:30+05:45", "2026-03-02T07:15:30.000Z"),
])  # fmt: skip
def test_times_of_other_zones_are_the_same_instant(told: str, time: str) -> None:
    meant = of(HEAD + 'data = { case_id = "id" }')

    (event,), _ = read(meant, json.dumps({"id": 1, "time": told}).encode())

    assert event.time == time


@pytest.mark.parametrize("told", ["2026-03-02T10:15:30", "", "soon", "1772435730", 5, {}, [1],
                                  "0001-01-01T00:00:00Z", "9999-99-99T00:00:00Z",
                                  "9999-12-31T00:00:00Z"])  # fmt: skip
def test_a_time_that_is_none_is_rejected(told: object) -> None:
    meant = of(HEAD + 'data = { case_id = "id" }')

    events, (rejected,) = read(meant, json.dumps({"id": 1, "time": told}).encode())

    assert (events, rejected.reason) == ([], "no_time" if told == "" else "malformed")


@pytest.mark.parametrize(("score", "is_number"), [
    ("4.5", True), (4.5, True), ("inf", False), ("nan", False), ("1e999", False),
    ("1e400", False),
    ("четыре", False), (True, False), ("9" * 5_000, False), ([4], False),
])  # fmt: skip
def test_a_score_is_a_number(score: object, is_number: bool) -> None:
    events, rejected = read("generic", survey(score=score))

    assert (len(events), len(rejected)) == ((1, 0) if is_number else (0, 1))


@pytest.mark.parametrize(
    ("low", "score", "high"), [(1, 50, 5), (0, -3, 10), (5, 3, 1), (3, 3, 3)]
)
def test_an_answer_that_its_scale_does_not_have_is_rejected(
    low: float, score: float, high: float
) -> None:
    events, (rejected,) = read("generic", survey(score=score, scale_min=low, scale_max=high))

    assert (events, rejected.reason) == ([], "malformed")
    assert "scale" in rejected.detail


@pytest.mark.parametrize("name", ["response_id", "survey_id"])
def test_the_id_of_an_answer_has_two_names(name: str) -> None:
    (event,), _ = read("generic", survey(**{name: "R-7"}))

    assert short(event)["survey_id"] == "R-7"


@pytest.mark.parametrize("kind", ["csat", "CSAT", " Csat "])
def test_a_word_of_a_few_counts_whatever_its_case(kind: str) -> None:
    (event,), rejected = read("generic", survey(kind=kind))

    assert (short(event)["kind"], rejected) == ("csat", [])


def test_a_word_that_is_none_of_a_few_is_told_with_those() -> None:
    events, (rejected,) = read("generic", survey(kind="stars"))

    assert events == []
    assert rejected.detail == "kind has no word 'stars' (known: ces, csat, nps)"


def survey(**changes: object) -> bytes:
    told = {"event": "survey.answered", "time": "2026-03-02T07:15:30Z", "kind": "csat",
            "score": 4, "scale_min": 1, "scale_max": 5}  # fmt: skip
    return json.dumps({**told, **changes}).encode()


def test_text_in_another_character_set_is_read() -> None:
    body = '{"event": "card.opened", "time": "2026-03-02T07:15:30Z", "card_id": "Щ", '
    body += '"agent_id": "Ольга"}'

    (event,), _ = read("generic", body.encode("cp1251"), "text/json; charset=cp1251")

    assert short(event)["agent_id"] == "Ольга"


@pytest.mark.parametrize(("text", "complaint"), [
    ('titel = "t"', "titel is unknown, did you mean title?"),
    (HEAD + 'data = { case = "id" }', "has no field 'case', did you mean case_id?"),
    (HEAD.replace("closed", "closd") + "data = {}", "'case.closd', did you mean case."),
    (HEAD + 'data = { status = "s" }', "case.closed needs case_id: say in data"),
    (HEAD + 'data = { case_id = { pth = "id" } }', "pth is unknown, did you mean path?"),
    (HEAD + 'data = { case_id = "a..b" }', "'a..b' is no path"),
    (HEAD + 'data = { case_id = "i" }\nwhen = { a = { exist = 1 } }', "did you mean exists?"),
    (HEAD + 'time = { path = "t", format = "unix" }\ndata = {}', "no time format"),
    (HEAD + 'data = { case_id = { path = "i", words = "x" } }', "there is no table words.x"),
    (HEAD + 'data = { case_id = "@X-Id" }', "reads a header that headers does not name"),
    ('hidden = ["@X-Token"]\n' + HEAD + 'data = { case_id = "i" }',
     "hidden: '@X-Token' names no key of a body"),
    ('hidden = ["phone"]\n' + HEAD + 'data = { case_id = "who.phone" }',
     "hidden: 'phone' hides 'who.phone', which is read"),
    ('hidden = ["x.i"]\nitems = "x"\n' + HEAD + 'data = { case_id = { template = "a-{i}" } }',
     "hidden: 'x.i' hides 'i', which is read"),
    ('hidden = ["a"]\nid = ["n", "^.a.0.b"]\n' + HEAD + 'data = { case_id = "i" }',
     "hidden: 'a' hides '^.a.0.b', which is read"),
    ('hidden = ["t"]\n' + HEAD + 'time = { path = ["a", "t"] }\ndata = { case_id = "i" }',
     "hidden: 't' hides 't', which is read"),
    ('hidden = ["s.k"]\n' + HEAD + 'data = { case_id = "i" }\nwhen = { "s.k" = 1 }',
     "hidden: 's.k' hides 's.k', which is read"),
    ('hidden = ["0"]\n' + HEAD + 'data = { case_id = "i" }', "hidden: '0' names no key of a"),
    (HEAD + 'data = { case_id = { path = "i", match = "(" } }', "no regular expression"),
    (HEAD + 'data = { case_id = "i" }\nwhen = { ticket.state = "done" }',
     "event.1.when.ticket.state is unknown (known: above, below, exists, like, not); "
     "a path with dots stands in quotes"),
    (SURVEY + 'data = { kind = { value = "stars" }, score = 1, scale_min = 1, scale_max = 5 }',
     "event.1: kind has no word 'stars' (known: ces, csat, nps)"),
    (SURVEY + 'data = { kind = { path = "k", words = { a = "csta" } }, score = "s", '
     "scale_min = 1, scale_max = 5 }", "kind has no word 'csta', did you mean csat?"),
    (SURVEY + 'data = { kind = { path = "k", otherwise = "all" }, score = "s", scale_min = 1, '
     "scale_max = 5 }", "kind has no word 'all'"),
    (SURVEY + 'data = { kind = { path = "k", words = "w" }, score = "s", scale_min = 1, '
     'scale_max = 5 }\n[words.w]\na = "x"', "words.w: survey.answered: kind has no word 'x'"),
    (SURVEY + 'data = { kind = "k", score = "s", scale_min = 5, scale_max = { value = 1 } }',
     "a scale from 5 to 1 is none: scale_min must be below scale_max"),
    (SURVEY + 'data = { kind = "k", score = true, scale_min = 1, scale_max = 5 }',
     "score = 'true' is no number"),
    (HEAD + 'data = { case_id = { value = "" } }', "case_id cannot be ''"),
    ("title = ", "it is no TOML"),
])  # fmt: skip
def test_a_mistake_in_a_mapping_is_one_line_with_the_nearest_name(
    text: str, complaint: str
) -> None:
    with pytest.raises(MappingInvalid) as told:
        of(text)

    assert complaint in str(told.value), told.value
    assert "\n" not in str(told.value)


def test_a_mapping_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(MappingInvalid, match="did you mean zendesk"):
        mapping("zendesc")
