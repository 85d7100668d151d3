"""Files of plans, each a few lines; what they mean is worked out by hand."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from producers.schedule.mapping import mapping
from producers.schedule.planning import People, Planned, planned
from producers.schedule.rows import rows
from schemas.errors import UnreadableRecording

NOW = datetime(2026, 3, 1, tzinfo=UTC)
EVERYBODY = People(None, {}, lambda agent: "Europe/Berlin")
TWO = People(frozenset({"Anna", "Boris"}), {"1007": "Boris"}, lambda agent: "")


def read(
    text: str | bytes, tmp_path: Path, people: People = EVERYBODY, how: str = ""
) -> Planned:
    path = tmp_path / "plan"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    wanted = mapping(how)
    return planned(path, rows(path, wanted), wanted, people, NOW)


def written(done: Planned) -> list[str]:
    """Return plans as `Anna 2026-03-02: 08:00 work 12:00 break 12:30 work 17:00`, in UTC."""
    lines = []
    for plan in done.plans:
        words = [f"{plan.agent_id} {plan.day}:"]
        for start, end, activity, name in plan.items:
            if not words[-1].startswith(f"{start:%H:%M}"):
                words.append(f"{start:%H:%M}")
            words += [activity + (f"({name})" if name else ""), f"{end:%H:%M}"]
        lines.append(" ".join(words))
    return lines


def refused(
    text: str | bytes, tmp_path: Path, people: People = EVERYBODY, how: str = ""
) -> str:
    with pytest.raises(UnreadableRecording) as caught:
        read(text, tmp_path, people, how)
    told = str(caught.value)
    assert "\n" not in told
    return told


HEAD = "agent,kind,from,to\n"
SHIFT = HEAD + "Anna,work,2026-03-02 09:00,2026-03-02 18:00\n"


def test_a_break_lies_within_a_shift(tmp_path: Path) -> None:
    done = read(SHIFT + "Anna,break,2026-03-02 13:00,2026-03-02 13:30\n", tmp_path)

    # Berlin is an hour ahead of UTC in March.
    assert written(done) == ["Anna 2026-03-02: 08:00 work 12:00 break 12:30 work 17:00"]
    assert done.notes == []


def test_a_meeting_goes_before_a_break_and_an_absence_before_all(tmp_path: Path) -> None:
    text = (
        SHIFT
        + "Anna,break,2026-03-02 13:00,2026-03-02 14:00\n"
        + "Anna,meeting,2026-03-02 13:30,2026-03-02 15:00\n"
        + "Anna,absence,2026-03-02 14:30,2026-03-02 20:00\n"
    )

    assert written(read(text, tmp_path)) == [
        "Anna 2026-03-02: 08:00 work 12:00 break 12:30 meeting 13:30 absence 19:00"
    ]


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    lines = [
        "Boris,work,2026-03-02 10:00,2026-03-02 19:00\n",
        *SHIFT.splitlines(keepends=True)[1:],
        "Anna,break,2026-03-02 13:00,2026-03-02 13:30\n",
    ]

    assert read(HEAD + "".join(lines), tmp_path).plans == (
        read(HEAD + "".join(reversed(lines)), tmp_path).plans
    )


def test_a_shift_over_midnight_is_of_the_day_on_which_it_begins(tmp_path: Path) -> None:
    text = "agent;date;kind;from;to\nAnna;2026-03-02;work;22:00;6:00\n"

    assert written(read(text, tmp_path)) == ["Anna 2026-03-02: 21:00 work 05:00"]


def test_a_day_is_that_of_the_person_s_own_zone(tmp_path: Path) -> None:
    text = "agent,kind,from,to,zone\nAnna,work,2026-03-02 00:30,2026-03-02 08:00,Asia/Tokyo\n"

    (plan,) = read(text, tmp_path).plans

    assert plan.day == "2026-03-02"
    assert plan.items[0][0] == datetime(2026, 3, 1, 15, 30, tzinfo=UTC)


def test_each_day_of_a_holiday_is_planned_by_itself(tmp_path: Path) -> None:
    text = HEAD + "".join(
        f"Anna,absence,2026-03-0{day} 00:00,2026-03-0{day + 1} 00:00\n" for day in (6, 7, 8)
    )

    assert written(read(text, tmp_path)) == [
        "Anna 2026-03-06: 23:00 absence 23:00",
        "Anna 2026-03-07: 23:00 absence 23:00",
        "Anna 2026-03-08: 23:00 absence 23:00",
    ]


def test_a_long_absence_names_every_day_that_it_covers(tmp_path: Path) -> None:
    text = HEAD + "Anna,absence,2026-03-06 12:00,2026-03-09 09:00\n"

    assert written(read(text, tmp_path)) == [
        "Anna 2026-03-06: 11:00 absence 08:00",
        "Anna 2026-03-07:",
        "Anna 2026-03-08:",
    ]


def test_a_holiday_hides_the_shifts_of_its_days(tmp_path: Path) -> None:
    text = (
        HEAD
        + "Anna,absence,2026-03-06 00:00,2026-03-08 00:00\n"
        + "Anna,work,2026-03-06 09:00,2026-03-06 18:00\n"
        + "Anna,work,2026-03-07 09:00,2026-03-07 18:00\n"
        + "Anna,work,2026-03-08 09:00,2026-03-08 18:00\n"
    )

    assert written(read(text, tmp_path)) == [
        "Anna 2026-03-06: 23:00 absence 23:00",
        "Anna 2026-03-07:",
        "Anna 2026-03-08: 08:00 work 17:00",
    ]


def test_a_night_shift_of_rows_that_touch_stays_whole(tmp_path: Path) -> None:
    text = (
        HEAD
        + "Anna,work,2026-03-06 22:00,2026-03-07 02:00\n"
        + "Anna,break,2026-03-07 02:00,2026-03-07 02:15\n"
        + "Anna,work,2026-03-07 02:15,2026-03-07 06:00\n"
        + "Anna,absence,2026-03-07 06:00,2026-03-08 00:00\n"
    )

    assert written(read(text, tmp_path)) == [
        "Anna 2026-03-06: 21:00 work 01:00 break 01:15 work 05:00",
        "Anna 2026-03-07: 05:00 absence 23:00",
    ]


def test_a_break_after_midnight_is_within_the_shift_however_long(tmp_path: Path) -> None:
    text = (
        "agent;date;kind;from;to\n"
        "Anna;2026-03-06;work;19:00;10:00\n"
        "Anna;2026-03-07;break;8:30;9:00\n"
        "Anna;2026-03-07;break;2:00;2:15\n"
    )

    assert written(read(text, tmp_path)) == [
        "Anna 2026-03-06: 18:00 work 01:00 break 01:15 work 07:30 break 08:00 work 09:00"
    ]


DATED = "agent;date;kind;from;to\n"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (
            "Anna;;work;09:00;18:00",
            "line 2: 'from' is the time 09:00 only, and 'date' is empty",
        ),
        ("Anna;2.3.2026;work;09:00;18:00", "line 2: '2.3.2026' is no day in 'date'"),
        ("Anna;2026-03-02;work;9h;18:00", "line 2: '9h' is no time in 'from'"),
        ("Anna;2026-03-02;work;09:00;25:00", "line 2: '25:00' is no time in 'to'"),
        ("Anna;2026-03-02;work;24:00;06:00", "line 2: '24:00' is no time in 'from'"),
        ("Anna;2026-03-02;work;10:24:00;10:24:00", "line 2: it begins and ends at 10:24:00"),
        ("Anna;2026-03-02;work;09:00;24:30", "line 2: '24:30' is no time in 'to'"),
        ("Anna;2026-03-02;work;09:00;09:00", "line 2: it begins and ends at 09:00"),
    ],
)
def test_the_column_that_is_wrong_is_named(row: str, why: str, tmp_path: Path) -> None:
    assert why in refused(DATED + row + "\n", tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        DATED + "Anna;2026-03-02;work;16:00;24:00\n",
        HEAD + "Anna,work,2026-03-02 16:00,2026-03-02T24:00\n",
        HEAD + "Anna,work,2026-03-02 16:00,2026-03-02 24:00:00\n",
    ],
)
def test_24_00_is_the_midnight_at_the_end_of_the_day(text: str, tmp_path: Path) -> None:
    assert written(read(text, tmp_path)) == ["Anna 2026-03-02: 15:00 work 23:00"]


def test_from_and_to_that_may_be_the_wrong_way_round_are_said(tmp_path: Path) -> None:
    done = read(DATED + "Anna;2026-03-02;work;22:00;20:00\n", tmp_path)

    assert written(done) == ["Anna 2026-03-02: 21:00 work 19:00"]
    assert done.notes == [
        "line 2: it ends the day after and lasts 22 h; are from and to the right way round?"
    ]
    assert read(DATED + "Anna;2026-03-02;work;22:00;06:00\n", tmp_path).notes == []


@pytest.mark.parametrize("head", ["sep=;\r\n", "\ufeffsep=;\n", '"sep=;"\n'])
def test_excel_may_name_the_delimiter_above_the_header(head: str, tmp_path: Path) -> None:
    good = head + DATED + "Anna;2026-03-02;work;09:00;18:00\n"

    assert written(read(good, tmp_path)) == ["Anna 2026-03-02: 08:00 work 17:00"]
    assert "line 4: '9h'" in refused(good + "Anna;2026-03-03;work;9h;18:00\n", tmp_path)


def test_an_absence_of_32_days_is_refused(tmp_path: Path) -> None:
    absence = HEAD + "Anna,absence,2026-03-06 00:00,2026-04-0%d 00:00\n"

    assert len(read(absence % 6, tmp_path).plans) == 31
    assert "longer than 31 days" in refused(absence % 7, tmp_path)


@pytest.mark.parametrize(
    ("shift", "expected"),
    [
        # 29 March 2026: 02:00 becomes 03:00 in Berlin; eight hours by the clock are seven.
        ("2026-03-28 22:00,2026-03-29 06:00", "Anna 2026-03-28: 21:00 work 04:00"),
        # 25 October 2026: 03:00 becomes 02:00; they are nine.
        ("2026-10-24 22:00,2026-10-25 06:00", "Anna 2026-10-24: 20:00 work 05:00"),
    ],
)
def test_a_night_shift_over_a_change_of_the_clock(
    shift: str, expected: str, tmp_path: Path
) -> None:
    assert written(read(HEAD + f"Anna,work,{shift}\n", tmp_path)) == [expected]


def test_an_hour_that_comes_twice_is_the_first_and_said(tmp_path: Path) -> None:
    done = read(HEAD + "Anna,work,2026-10-25 02:30,2026-10-25 10:00\n", tmp_path)

    assert written(done) == ["Anna 2026-10-25: 00:30 work 09:00"]
    assert len(done.notes) == 1
    assert "twice" in done.notes[0]


def test_a_break_outside_the_shift_is_said_and_left_out(tmp_path: Path) -> None:
    done = read(SHIFT + "Anna,break,2026-03-02 20:00,2026-03-02 20:15\n", tmp_path)

    assert written(done) == ["Anna 2026-03-02: 08:00 work 17:00"]
    assert done.notes == [
        "Anna: the break of 2026-03-02 19:00 UTC is outside his shift and left out"
    ]


def test_a_break_of_a_night_shift_that_is_dated_as_the_shift_is_told_what_is_meant(
    tmp_path: Path,
) -> None:
    night = HEAD + "Anna,work,2026-03-02 22:00,2026-03-03 06:00\n"
    done = read(night + "Anna,break,2026-03-02 03:00,2026-03-02 03:30\n", tmp_path)

    assert written(done) == ["Anna 2026-03-02: 21:00 work 05:00"]
    assert done.notes == [
        "Anna: the break of 2026-03-02 02:00 UTC is outside his shift and left out; "
        "a break after midnight is dated the day after the shift's"
    ]


def test_a_directory_tells_who_a_number_is(tmp_path: Path) -> None:
    text = HEAD + "1007,work,2026-03-02T09:00+01:00,2026-03-02T10:00Z\n"

    assert written(read(text, tmp_path, TWO)) == ["Boris 2026-03-02: 08:00 work 10:00"]


def test_a_mapping_names_columns_words_and_formats(tmp_path: Path) -> None:
    how = tmp_path / "plan.toml"
    how.write_text(
        'time_format = "%d.%m.%Y %H:%M"\nzone = "Europe/Berlin"\n'
        '[columns]\nagent = "Mitarbeiter"\nkind = "Art"\nfrom = "Von"\nto = "Bis"\n'
        '[kinds]\nDienst = "work"\nPause = "break"\n'
    )
    text = (
        "Mitarbeiter;Art;Von;Bis;Ort\n"
        "Jürgen Groß;Dienst;02.03.2026 09:00;02.03.2026 18:00;Köln\n"
        "Jürgen Groß;PAUSE;02.03.2026 13:00;02.03.2026 13:30;Köln\n"
    )

    assert written(read("\ufeff" + text, tmp_path, how=str(how))) == [
        "Jürgen Groß 2026-03-02: 08:00 work(Dienst) 12:00 break(PAUSE) 12:30 work(Dienst) 17:00"
    ]


def test_json_may_be_a_list_or_nested_and_gzip_is_read_too(tmp_path: Path) -> None:
    flat = b'[{"agent":"Anna","kind":"work","from":"2026-03-02T09:00","to":"2026-03-02T18:00"}]'
    nested = b'{"Anna":{"SCHEDULE":{"WORK":{"T1":"2026-03-02T09:00","T2":"2026-03-02T18:00"}}}}'

    for each, how in ((flat, ""), (gzip.compress(flat), ""), (nested, "amazon-connect")):
        (plan,) = read(each, tmp_path, how=how).plans
        assert (plan.agent_id, plan.day) == ("Anna", "2026-03-02")
        assert [item[:3] for item in plan.items] == [
            (
                datetime(2026, 3, 2, 8, tzinfo=UTC),
                datetime(2026, 3, 2, 17, tzinfo=UTC),
                "work",
            )
        ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "it is empty"),
        (HEAD, "it has no rows"),
        ("agent,kind,from\nAnna,work,2026-03-02 09:00\n", "no column 'to'"),
        (HEAD + "Anna,work,2026-03-02 09:00\n", "line 2 has 3 fields"),
        (HEAD + "Anna,work,2026-03-02,2026-03-03\n", "line 2: '2026-03-02' is no time"),
        (HEAD + "Anna,work,tomorrow,2026-03-03\n", "'tomorrow' is no time"),
        (HEAD + "Anna,work,2026-03-02 18:00,2026-03-02 09:00\n", "ends before it begins"),
        (HEAD + "Anna,work,2026-03-02 18:00,2026-03-02 18:00\n", "ends as it begins"),
        (HEAD + "Anna,work,2026-03-02 09:00,2026-03-12 18:00\n", "longer than a day"),
        (HEAD + "Anna,work,2026-03-29 02:30,2026-03-29 10:00\n", "does not exist in Europe/B"),
        (HEAD + "Anna,toil,2026-03-02 09:00,2026-03-02 18:00\n", "'toil' is no activity"),
        (HEAD + ",work,2026-03-02 09:00,2026-03-02 18:00\n", "names no agent"),
        (SHIFT + "Anna,work,2026-03-02 17:00,2026-03-02 20:00\n", "line 3: work of Anna overl"),
        (SHIFT + SHIFT.removeprefix(HEAD), "line 3: it repeats line 2 (Anna)"),
        (SHIFT.encode("utf-16"), "UTF-16"),
        (SHIFT.replace("Anna", "Аня").encode("cp1251"), "no UTF-8"),
        (b"\x89PNG\r\n\x1a\n....", "a PNG picture"),
        (SHIFT.replace("2026", "9999"), "line 2: 9999-03-02 is more than two years from now;"),
        (SHIFT.replace("2026", "0001"), "line 2: 0001-03-02 is before 2000-01-01;"),
        (SHIFT.replace("2026", "1999"), "line 2: 1999-03-02 is before 2000-01-01;"),
        (
            SHIFT.replace("2026", "2149").replace("03-02", "06-07"),
            "2149-06-07 is more than two",
        ),
        (
            HEAD + "Anna,break,2026-03-02 13:00,2026-03-02 13:30\n",
            "it has breaks only, and the shifts that they are in are not in it",
        ),
        (SHIFT.replace("2026", "2028").replace("03-02", "03-04"), "more than two years from n"),
        ("[{", "it is no JSON"),
        ('[{"agent": "Anna", "kind": "work", "from": "2026-03-02 09:00"}]', "has no 'to'"),
        ("[7]", "is no object"),
        ("{}", "it has no 'agent'"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_a_line(
    text: str | bytes, why: str, tmp_path: Path
) -> None:
    assert why in refused(text, tmp_path)


def test_no_zone_is_guessed(tmp_path: Path) -> None:
    told = refused(SHIFT, tmp_path, TWO)

    assert "line 2: 2026-03-02 09:00 has no time zone: give --zone" in told


def test_an_unknown_agent_is_named_with_the_nearest_and_the_others_are_counted(
    tmp_path: Path,
) -> None:
    text = SHIFT.replace("Anna", "Ana") + "Zoe,work,2026-03-02 09:00,2026-03-02 18:00\n"

    told = refused(text, tmp_path, TWO)

    assert (
        "line 2: 'Ana' is no agent of the settings or the history, did you mean Anna?" in told
    )
    assert "(and 1 more row is wrong); nothing was imported" in told


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[colums]\nagent = "A"', "colums is unknown, did you mean columns?"),
        ('[columns]\nagnt = "A"', "columns.agnt is unknown, did you mean agent?"),
        ('[kinds]\nX = "wrok"', "kinds.X"),
        ('zone = "Mars/Olympus"', "unknown time zone"),
        ("zone =", "it is no TOML"),
    ],
)
def test_a_wrong_mapping_is_one_line(text: str, why: str, tmp_path: Path) -> None:
    how = tmp_path / "how.toml"
    how.write_text(text)

    assert why in refused(SHIFT, tmp_path, how=str(how))


def test_a_mapping_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    assert "amazon-connect" in refused(SHIFT, tmp_path, how="amazon")
