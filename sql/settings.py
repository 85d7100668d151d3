"""The settings a reader may name, and the limits it may lower but not raise.

A list of what is allowed, since the engine has a thousand settings and every version brings
more: some write files (input_format_record_errors_file_path), some open connections
(format_avro_schema_registry_url), whatever `readonly` says.
"""

import os
import re
from collections.abc import Mapping
from typing import NoReturn

from schemas.errors import QueryRefused

LIMITS: Mapping[str, int] = {
    "max_execution_time": 30,
    "max_memory_usage": 1_000_000_000,
    "max_threads": os.cpu_count() or 1,
    "max_block_size": 65_409,  # the engine's own; a huge one is one huge piece of memory
}
"""Upper bounds of what a query may give itself, of the settings where 0 means all there is."""

_ALLOWED = frozenset({
    "allow_experimental_analyzer", "cast_string_to_dynamic_use_inference",
    "date_time_input_format", "date_time_output_format",
    "extremes", "final", "format_csv_delimiter", "format_csv_null_representation",
    "format_tsv_null_representation", "group_by_overflow_mode", "join_use_nulls", "limit",
    "log_comment", "max_result_bytes", "max_result_rows", "max_rows_to_read", "offset",
    "prefer_column_name_to_alias", "result_overflow_mode", "session_timezone",
    "union_default_mode", "use_uncompressed_cache", *LIMITS,
})  # fmt: skip
_OUTPUT = re.compile(
    r"output_format_(?!\w*(?:path|url|uri|file|schema|avro|host|user|password|storage|disk"
    r"|database))[a-z0-9_]+",
    re.ASCII,
)
_WHOLE_NUMBER = re.compile("[0-9]{1,30}")
_NAME_SHOWN = 120


def check_setting(name: str, value: str) -> str:
    """Return the value to give a setting: above its limit, or without one, it is the limit.

    Silently, because Grafana sends a max_execution_time of its own with every query.

    Raises:
        QueryRefused: the setting is none of those a reader may name, or no whole number.
    """
    limit = LIMITS.get(name)
    if limit is None:
        if name not in _ALLOWED and not _OUTPUT.fullmatch(name):
            _refuse(f"Cannot modify {name[:_NAME_SHOWN]!r} setting in readonly mode")
        return value
    if not _WHOLE_NUMBER.fullmatch(value):
        _refuse(f"Cannot modify {name!r} setting in readonly mode: give it a whole number")
    return str(min(int(value) or limit, limit))


def _refuse(text: str) -> NoReturn:
    msg = f"Code: 164. DB::Exception: {text}. (READONLY)"
    raise QueryRefused(msg)
