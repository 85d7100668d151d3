"""What came first of all that a sender told under an id, by what the days of a journal note."""

from collections.abc import Mapping, Sequence

from producers.journal_day import JournalDay, Told


def known_of(days: Sequence[JournalDay], told: Sequence[Told]) -> list[Mapping[int, Told]]:
    """Return what each day has noted of some ids."""
    numbers = list({each.number for each in told})
    return [{each.number: each for each in day.told(numbers)} for day in days]


def firsts(
    known: Sequence[Mapping[int, Told]], told: Sequence[Told], days: Sequence[int]
) -> tuple[list[Told | None], list[dict[int, Told]]]:
    """Return what came first of each, None if it is that itself; and what is news of days.

    Args:
        known: what each day has noted.
        told: in the order of the journal, all of a frame at once.
        days: of each its day, as a place in `known`.
    """
    first: dict[int, Told] = {}
    for noted in known:
        for each in noted.values():
            if each.position < first.setdefault(each.number, each).position:
                first[each.number] = each
    answers: list[Told | None] = []
    news: list[dict[int, Told]] = [{} for _ in known]
    here: set[int] = set()
    for each, day in zip(told, days, strict=True):
        before = first.get(each.number)
        if before is None or (before.position >= each.position and each.number not in here):
            first[each.number] = before = each
            answers.append(None)
        else:
            answers.append(before)
        here.add(each.number)
        # With a repetition, too: its day is kept for longer than that of the first.
        if known[day].get(each.number) != before:
            news[day][each.number] = before
    return answers, news
