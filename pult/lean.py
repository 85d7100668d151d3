"""Keeps this process lean: what no part of it needs is not loaded."""

import gc
import resource
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class _NoPandas(MetaPathFinder):
    """Arrow and the ClickHouse client load pandas to see whether they were given a data frame.

    That costs a second of start-up and 40 MB, and they are never given one here. Both have
    a way for installations without pandas, and take it when the import fails.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "pandas":
            msg = "pandas is not loaded in this process"
            raise ModuleNotFoundError(msg, name=fullname)
        return None


def without_pandas() -> None:
    """Let every later import of pandas fail; does nothing if it is loaded already."""
    if not any(isinstance(finder, _NoPandas) for finder in sys.meta_path):
        sys.meta_path.insert(0, _NoPandas())


def rarely_collect() -> None:
    """Look for reference cycles rarely: the live state is one large graph without any."""
    gc.set_threshold(50_000, 50, 100)


def reuse_memory() -> None:
    """Have Arrow take memory where everybody does.

    Its own allocator gives back what is free after 10 ms and gets it anew in cleared pages of
    2 MB; a process that packs some megabytes now and then spends a tenth of its time on that.
    """
    import pyarrow as pa  # here, because most processes do without

    pa.set_memory_pool(pa.system_memory_pool())


def allow_files(most: int = 65_536) -> None:
    """Let this process have as many open files as it may, at most so many.

    The usual soft limit of 1024 is there for programs that call select(); none of ours does.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def switch_soon() -> None:
    """Let a thread that has something to do wait a millisecond for the others, not five.

    A message passes through four threads before it is on the wall, while others make rows for
    the store: five milliseconds at each of them are a third of what is asked of all of it.
    """
    sys.setswitchinterval(0.001)
