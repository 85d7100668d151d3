"""What GetConfig tells of queues.conf, in the form of Asterisk's manager.c."""

import pytest

from producers.asterisk.message import parse
from producers.asterisk.queues_conf import wrapup_seconds

ANSWER = b"""\
Response: Success\r
ActionID: pult-1\r
Category-000000: general\r
Line-000000-000000: wrapuptime=99\r
Category-000001: support\r
Templates-000001: usual,evening\r
Line-000001-000000: wrapuptime=10\r
Line-000001-000001: member=PJSIP/1001,0,Anna: the first,,,30\r
Line-000001-000002: wrapuptime=15\r
Category-000002: vip\r
Line-000002-000000: strategy=ringall\r
Category-000003: General desk\r
Line-000003-000000: WrapUpTime = 20 s\r
"""


def test_of_a_queue_the_last_line_counts_and_of_the_general_section_none() -> None:
    assert wrapup_seconds(parse(ANSWER)) == {"support": 15, "General desk": 20}


def test_the_lines_of_a_long_section_are_in_the_order_of_their_numbers() -> None:
    lines = [f"Line-000000-{n:06}: wrapuptime={n}" for n in range(120)]

    assert wrapup_seconds(parse("\r\n".join(["Category-000000: a", *lines]).encode())) == {
        "a": 119
    }


@pytest.mark.parametrize("value", ["", "0", "-5", "soon", "0x10"])
def test_what_asterisk_takes_for_none_is_none(value: str) -> None:
    told = {"Category-000000": "a", "Line-000000-000000": f"wrapuptime={value}"}

    assert wrapup_seconds(told) == {}


def test_a_line_of_no_section_is_of_no_queue() -> None:
    assert wrapup_seconds({"Line-000000-000000": "wrapuptime=5"}) == {}
