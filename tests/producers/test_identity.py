"""The keys of callers."""

import pytest

from producers.identity import CallerKeys

CALLERS = CallerKeys(b"a secret of this tenant")


@pytest.mark.parametrize(
    "number", ["", " ", "<unknown>", "unknown", "Anonymous", "restricted", "<Unknown>"]
)
def test_a_withheld_number_has_no_key(number: str) -> None:
    assert CALLERS.key(number) == ""


def test_a_number_has_the_same_key_however_it_is_written() -> None:
    assert CALLERS.key("+7 (495) 100-07-97") == CALLERS.key("74951000797")
    assert len(CALLERS.key("74951000797")) == 16


def test_two_tenants_have_different_keys_for_one_number() -> None:
    assert CALLERS.key("74951000797") != CallerKeys(b"another").key("74951000797")


def test_names_without_a_number_are_not_one_caller() -> None:
    assert CALLERS.key("alice") == CALLERS.key("Alice")
    assert CALLERS.key("alice") != CALLERS.key("bob")


def test_numbers_are_kept_only_on_request() -> None:
    assert CallerKeys(b"", keep_numbers=True).key("+74951000797") == "+74951000797"
    assert CallerKeys(b"", keep_numbers=True).key("<unknown>") == ""
    assert CallerKeys(b"", keep_numbers=True).masked("+74951000797") == "+74951000797"


@pytest.mark.parametrize("field", ["+74951000797", "495 100-07-97", "(495)100.07.97", "12345"])
def test_a_field_that_is_a_phone_number_is_masked(field: str) -> None:
    assert CALLERS.masked(field) == CALLERS.key(field)


@pytest.mark.parametrize(
    "field",
    ["", "1234", "1795288587.0", "sys-1795288587.0", "40-1795288587.12", "SIP/333", "sales",
     "COMPLETEAGENT", "exten@context", "+", "....."],
)  # fmt: skip
def test_a_field_that_is_something_else_stays(field: str) -> None:
    assert CALLERS.masked(field) == field


def test_an_extension_is_told_from_a_customer_by_its_length() -> None:
    assert CALLERS.masked("100500", least_digits=7) == "100500"
    assert CALLERS.masked("1005000", least_digits=7) == CALLERS.key("1005000")
