"""The bytes of a state do not depend on the process: none hashes texts as another does."""

import subprocess
import sys
from collections.abc import Iterator

import msgspec
from msgspec import inspect

from stream_processors.core.pipeline import freeze
from stream_processors.core.state import State
from tests.timetable import run, values

LOG = """
    09:00:00 login Anna sales 0 _ SIP/anna
    09:00:01 login Anna sales 0 _ PJSIP/anna
    09:00:02 login Anna sales 0 _ Local/anna
    09:00:03 pause Anna sales lunch SIP/anna
    09:00:04 pause Anna sales lunch PJSIP/anna
    09:00:05 pause Anna sales lunch Local/anna
    09:00:06 logout Anna sales Local/anna
    09:00:10 enter a sales
    09:00:10 enter b support
    09:00:10 enter c vip
    09:01:00 queue s1 sales 1
    09:01:00 queue s1 support 1
    09:01:00 queue s1 vip 1
    09:01:00 queue s1 spare 0
    09:01:00 listed s1 a sales 50
    09:01:00 listed s1 b support 50
    09:01:00 listed s1 c vip 50
    09:01:00 member s1 Boris support
    09:01:00 member s1 Clara support
    09:01:00 member s1 Dora vip
    09:01:00 complete s1 09:00:59
    09:01:01 channel c1 a
    09:01:01 channel c1 b
    09:01:01 channel c1 c
    09:01:01 channels_end c1 3 09:01:00
    09:02:00 queue s2 sales 1
    09:02:00 queue s2 support 1
    09:02:00 queue s2 vip 1
    2026-02-26 09:00:00 enter d sales
    2026-02-27 09:00:00 enter e sales
    2026-02-28 09:00:00 enter f sales
    2026-03-01 09:00:00 enter g sales
"""


def said() -> str:
    """Return the facts and the state that follow from the log, in hexadecimal digits."""
    state, facts = run(values(LOG))
    return f"{msgspec.msgpack.encode(facts).hex()}\n{freeze(state).hex()}"


def test_another_process_says_the_same_facts_and_has_the_same_bytes() -> None:
    program = "from tests.core.test_hash_order import said; print(said())"

    told = {
        subprocess.run(
            [sys.executable, "-c", program], check=True, capture_output=True, text=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip

    assert len(told) == 1


def test_no_part_of_a_state_is_a_set() -> None:
    """A set is encoded in the order of its hashes, which differs from process to process."""
    sets = [
        each
        for each in _parts_of(inspect.type_info(State), {})
        if isinstance(each, inspect.SetType | inspect.FrozenSetType)
    ]

    assert sets == []


def _parts_of(part: inspect.Type, seen: dict[object, None]) -> Iterator[inspect.Type]:
    if isinstance(part, inspect.StructType):
        if part.cls in seen:
            return
        seen[part.cls] = None
    yield part
    for name in part.__struct_fields__:
        inner = getattr(part, name)
        for each in inner if isinstance(inner, tuple) else (inner,):
            each = each.type if isinstance(each, inspect.Field) else each
            if isinstance(each, inspect.Type):
                yield from _parts_of(each, seen)
