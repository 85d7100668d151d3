"""What Grafana and its ClickHouse plugin make of a query: variables, then macros.

Written from the plugin's own table of macros (docs of grafana/clickhouse-datasource 4.20) and
the page "Variable syntax" of Grafana; knows only what boards may use, and refuses the rest.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

_ALL = "$__all"


def expanded(
    sql: str,
    variables: Mapping[str, Sequence[str]],
    begin: datetime,
    end: datetime,
    interval_seconds: int = 60,
) -> str:
    """Return the SQL that reaches the server.

    Args:
        sql: as it stands in a panel.
        variables: what is chosen, by name; ("$__all",) for all.
        begin: of the time shown.
        end: of the time shown.
        interval_seconds: what the width of the panel makes of a step.
    """
    text = re.sub(
        r"\$__conditionalAll\(((?:[^()]|\([^()]*\))*),\s*\$(\w+)\)",
        lambda found: "1=1" if tuple(variables[found[2]]) == (_ALL,) else found[1],
        sql,
    )
    text = re.sub(r"\$\{(\w+)(?::(\w+))?\}", lambda found: _value(found, variables), text)
    first, last = _at(begin), _at(end)
    for macro, meaning in (
        (r"\$__timeFilter\(([\w.]+)\)", rf"\1 >= {first} AND \1 <= {last}"),
        (
            r"\$__timeInterval\(([\w.]+)\)",
            rf"toStartOfInterval(toDateTime(\1), INTERVAL {interval_seconds} second)",
        ),
        (r"\$__fromTime\b", first),
        (r"\$__toTime\b", last),
        (r"\$__interval_s\b", str(interval_seconds)),
    ):
        text = re.sub(macro, meaning, text)
    return text


def _at(instant: datetime) -> str:
    return f"toDateTime({int(instant.astimezone(UTC).timestamp())})"


def _value(found: "re.Match[str]", variables: Mapping[str, Sequence[str]]) -> str:
    values, form = variables[found[1]], found[2]
    quoted = ["'" + value.replace("'", "''") + "'" for value in values]
    if form in ("singlequote", "sqlstring"):
        return ",".join(quoted)
    assert form is None, f"no form {form}"
    (value,) = values
    return value
