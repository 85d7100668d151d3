"""What a mapping hides is nowhere in the data folder of `pult run`, nor in what it says."""

from importlib.resources import files
from pathlib import Path

from tests.pult.command import in_turn
from tests.pult.hooked import hooked, post, signed

FORM = "application/x-www-form-urlencoded"
SECRETS = ("w7#Kq", "w7%23Kq", "904170417")
KEPT = [
    ("unmapped", "none.such"), ("no_time", "card.saved"), ("malformed", "{ 62 bytes"),
    ("unmapped", "event=none.other&auth[pin]=*****"), ("unmapped", "none.third&data=******"),
    ("malformed", "{ 53 bytes"), ("malformed", "{ 69 bytes"),
]  # fmt: skip

BODIES: list[tuple[str, bytes]] = [
    (
        "application/json",
        b'{"event":"card.opened","id":"a","time":"2026-03-02T07:15:00Z","card_id":"5",'
        b'"agent_id":"15","auth":{"pin":904170417}}',
    ),
    ("application/json", b'{"event":"none.such","auth":{"pin":904170417},"x":1}'),
    ("application/json", b'{"event":"card.saved","card_id":"w","auth":{"pin":"w7#Kq"}}'),
    ("application/json", b'{"items":[{"auth":[{"pin":"w7#Kq"}]}],"auth":{"pin":[904170417'),
    (FORM, b"event=none.other&auth[pin]=w7%23Kq&items[0][auth][pin]=904170417"),
    (FORM, b"event=none.third&data=%7B%22auth%22%3A%7B%22pin%22%3A%22w7%23Kq%22%7D%7D"),
    ("application/json", b'{"text":"the pin, a \\"pin\\"","auth":{"pin":"w7#Kq","x'),
    (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="auth[pin]"\r\n\r\nw7#Kq\r\n--x--',
    ),
]


def test_what_is_hidden_is_in_no_event_and_in_nothing_that_is_refused(tmp_path: Path) -> None:
    generic = (files("producers") / "mappings" / "generic.toml").read_text()
    (tmp_path / "own.toml").write_text(f'hidden = ["auth.pin"]\n{generic}')
    with hooked(tmp_path, f'mapping = "{tmp_path / "own.toml"}"') as crm:
        told = [post(crm.hook, body, signed(body), kind) for kind, body in BODIES]
        refused = crm.rows("SELECT reason, bytes FROM rejected ORDER BY revision", 7)
        (event,) = crm.rows("SELECT data FROM events", 1)
        assert crm.stop() == 0
        said = crm.said.read_text()

    assert told == [200] * len(BODIES)
    for each, (reason, part) in zip(refused, KEPT, strict=True):
        assert (each["reason"], part in each["bytes"]) == (reason, True)
    stored = b"".join(each.read_bytes() for each in crm.data.rglob("*") if each.is_file())
    for secret in SECRETS:
        assert secret not in f"{refused} {event} {said}"
        assert secret.encode() not in stored


def test_a_sample_is_tried_as_it_would_be_kept(tmp_path: Path) -> None:
    generic = (files("producers") / "mappings" / "generic.toml").read_text()
    (tmp_path / "own.toml").write_text(f'hidden = ["auth.pin"]\n{generic}')
    (tmp_path / "whole.json").write_text(
        '{"event":"card.opened","time":"2026-03-02T07:15:00Z","card_id":"c5","agent_id":"15",'
        '"interaction_id":"?auth[pin]=904170417","auth":{"pin":"rq7kd02w"},"case_id":"rq7kd02w"}'
    )
    (tmp_path / "short.json").write_text('{"auth":{"pin":"w7#Kq"')

    whole, short = in_turn(
        *(("mapping", "test", "own.toml", sample) for sample in ("whole.json", "short.json")),
        cwd=tmp_path,
    )

    assert '"card_id": "c5"' in whole.out
    assert f'"interaction_id": "{"*" * 20}"' in whole.out
    assert '"case_id": "********"' in whole.out
    assert (short.code, "would be rejected: the body is no JSON" in short.err) == (1, True)
