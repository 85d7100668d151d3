"""Derived ids."""

from schemas.identity import derived_id


def test_an_id_is_sixteen_hexadecimal_digits_and_the_same_every_time() -> None:
    assert derived_id("pbx1", "ami", b"Event: Hangup") == derived_id(
        "pbx1", "ami", b"Event: Hangup"
    )
    assert len(derived_id("pbx1")) == 16
    assert int(derived_id("pbx1"), 16) >= 0


def test_parts_that_join_to_the_same_text_give_different_ids() -> None:
    assert derived_id("a", "bc") != derived_id("ab", "c")
    assert derived_id("a") != derived_id("a", "")
