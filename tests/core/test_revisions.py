"""Of one revision a fact is said once, also by a batch in which something is forgotten."""

from collections import Counter

from schemas.facts import Violation
from tests.core.judged import under
from tests.timetable import run, values


def test_what_is_said_before_something_is_forgotten_is_not_said_otherwise_afterwards() -> None:
    # The first sample, at 09:00:05, is due before the last line, and so is forgetting.
    log = values("""
        09:00:00.100  login   Anna sales
        09:00:01      pause   Anna sales a
        09:00:02      unpause Anna sales
        09:00:03      pause   Anna sales b
        09:00:04      unpause Anna sales
        09:00:06      pause   Anna sales c
    """)

    facts = run(log, under({"toggle": {"count": 2}}), size=len(log))[1]

    said = Counter(
        (each.episode_id, each.revision) for each in facts if isinstance(each, Violation)
    )
    assert said
    assert set(said.values()) == {1}
