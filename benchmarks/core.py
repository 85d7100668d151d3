"""What the fold costs beside decoding: `python -m benchmarks.core`.

The yardstick is decoding the same events with msgspec and dropping them. The fold decodes,
keeps all figures exact, samples the wall every five seconds of event time and concludes the
facts.
"""

from benchmarks.lab import events
from benchmarks.timing import cpu_seconds
from pult.lean import rarely_collect
from schemas.discipline import CODES, Discipline
from schemas.events import decode
from schemas.facts import encode
from schemas.policies import Policies, PolicyHistory
from stream_processors.core.pipeline import Batch, Record, apply
from stream_processors.core.state import State, Terms

BATCH = 2_000  # the most that a worker takes from one partition at once
ROUNDS = 45


def main() -> None:
    """Measure and print."""
    rarely_collect()
    values = events()
    records = [Record(n, value) for n, value in enumerate(values, 1)]
    batches = [Batch(tuple(records[at : at + BATCH])) for at in range(0, len(records), BATCH)]

    def decode_alone() -> None:
        for value in values:
            decode(value)

    off = {code: {"enabled": False} for code in CODES}

    def fold(*, encoding: bool, rules: bool = False) -> None:
        discipline = Discipline() if rules else Discipline().changed([off])
        policies = Policies(discipline=discipline)
        state, terms = State("bench", "bench"), Terms(PolicyHistory([(0, policies)]))
        for batch in batches:
            facts = apply(state, batch, terms)
            if encoding:
                for fact in facts:
                    encode(fact)

    spent = cpu_seconds(
        {
            "decode alone": decode_alone,
            "decode and fold": lambda: fold(encoding=False),
            "decode, fold, encode facts": lambda: fold(encoding=True),
            "decode and fold, all rules": lambda: fold(encoding=False, rules=True),
        },
        ROUNDS,
    )
    yardstick = spent["decode alone"]
    print(f"{len(values)} events of the recorded half hour, batches of {BATCH}")
    for name, seconds in spent.items():
        each = seconds / len(values) * 1e6
        print(f"{name:28} {each:6.2f} us/event  {seconds / yardstick:5.1f} x decode")


if __name__ == "__main__":
    main()
