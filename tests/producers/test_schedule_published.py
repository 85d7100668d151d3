"""Plans as they are posted: what no history can hold is refused at the door."""

import pytest

from producers.frame import Frame
from producers.schedule import published
from schemas.errors import UntranslatableFrame

PLAN = (
    '1772442000000 {"agent_id":"Anna","day":"%s","version":1,"zone":"UTC","items":'
    '[{"kind":"work","starts_at":"%s","ends_at":"2026-03-02T18:00:00.000Z"}]}'
)


@pytest.mark.parametrize(
    ("day", "start"),
    [
        ("2149-06-07", "2026-03-02T09:00:00.000Z"),
        ("1999-12-31", "2026-03-02T09:00:00.000Z"),
        ("20260302", "2026-03-02T09:00:00.000Z"),
        ("soon", "2026-03-02T09:00:00.000Z"),
        ("2026-03-02", "1999-12-31T23:59:59.000Z"),
        ("2026-03-02", "9999-12-31T23:59:59.000Z"),
        ("2026-03-02", "2026-03-02T09:00:00"),
        ("2026-03-02", "nine"),
    ],
)
def test_nobody_can_post_a_plan_that_no_history_holds(day: str, start: str) -> None:
    good = PLAN % ("2026-03-02", "2026-03-02T09:00:00.000Z")
    assert published.plan_in(Frame("wfm", "schedule", 0, good.encode()))[1].day == "2026-03-02"

    with pytest.raises(UntranslatableFrame):
        published.plan_in(Frame("wfm", "schedule", 0, (PLAN % (day, start)).encode()))
