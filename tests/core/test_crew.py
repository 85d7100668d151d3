"""The calls of a team, in an order that no hash decides: facts of a batch follow it."""

from stream_processors.core.discipline.crew import Crew
from stream_processors.core.discipline.entries import Contact

PEOPLE = ("Zoe", "Anna", "Mia", "Boris", "Yuri", "Clara", "Xenia", "Dan")


def test_those_whose_calls_ended_later_are_told_in_the_order_of_their_calls() -> None:
    crew = Crew()
    for second, agent in enumerate(PEOPLE, 1):
        crew.put(Contact(second * 1_000, f"leg-{agent}", 500, "caller"), agent)

    late = crew.put(Contact(500, "late", 500, "caller"), "Eve")

    assert list(late) == ["Eve", *PEOPLE]
    assert list(crew.since(6_000)) == ["Clara", "Xenia", "Dan"]
