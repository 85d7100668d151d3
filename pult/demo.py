"""`pult demo`: a recorded half hour of a real PBX through the whole pipeline in one process."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from producers.frame import Naming
from producers.identity import CallerKeys
from pult.desk_token import desk_token, supervisor_token
from pult.feeds import Wired
from pult.folder import DataFolder
from pult.replay import Recording, Replay
from pult.runtime import Runtime, Setup
from pult.serving import Service
from pult.settings import Settings, parse
from schemas.errors import DataFolderUnusable
from sql.embedded import EmbeddedStore
from stream_processors.core.state import Terms

SOURCE = "pbx1"


def recording() -> Path:
    """Return the recording that the demo plays unless told otherwise."""
    return Path(str(files("producers") / "recordings" / "asterisk_lab" / "ami.log.gz"))


def demo_settings() -> Settings:
    """Return the settings that fit the recording."""
    text = (files("pult") / "demo.toml").read_text(encoding="utf-8")
    return parse(text, "demo.toml")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    data: Path
    paths: Sequence[Path]
    kind: str
    speed: float
    settings: Settings
    environ: Mapping[str, str]


def _runtime(options: Options, folder: DataFolder) -> Runtime:
    settings = options.settings
    folder.keep_desk_token()
    desk = desk_token(settings.desk, options.environ, folder.path)
    keys = CallerKeys(folder.caller_secret({}, ""), keep_numbers=settings.privacy.keep_numbers)
    return Runtime(
        Setup(
            settings=settings,
            folder=folder,
            names=Naming(settings.tenant, settings.tenant, keys),
            terms=Terms(folder.policies(settings.policies(), 0)),
            mode="recording",
            speed=options.speed,
            lasting=False,
            desk_token=desk,
            # The people of a demo are nobody's secret: its own token will do.
            supervisor_token=supervisor_token(settings.supervisor, options.environ) or desk,
        )
    )


def fresh_folder(path: Path) -> DataFolder:
    """Own a folder for a demo, emptied of an earlier demo's data.

    Raises:
        DataFolderUnusable: it holds the history of real sources; nothing was changed.
    """
    folder = DataFolder(path, "demo")
    if not folder.demo_mark.exists() and (folder.store.exists() or folder.journal.exists()):
        folder.close()
        msg = (
            f"data folder {path} holds a history that no demo made, and a demo starts afresh; "
            "name another with --data"
        )
        raise DataFolderUnusable(msg)
    try:
        folder.demo_mark.touch()
        folder.empty()
    except BaseException:
        folder.close()
        raise
    return folder


def _replay(options: Options) -> Replay:
    """Open the recording, before a folder is emptied for it."""
    now_us = int(time.time()) * 1_000_000
    return Replay(options.kind, options.paths, SOURCE, now_us)


def run_once(options: Options, out: Callable[[str], None]) -> None:
    """Go through the recording at full speed and print what it comes to."""
    replay = _replay(options)
    with fresh_folder(options.data) as folder:
        runtime = _runtime(options, folder)
        try:
            for batch in replay.batches():
                runtime.intake.take(batch)
                runtime.apply_all()
            runtime.keeper.flush()
            out(table(runtime.store))
        finally:
            runtime.close()


_TABLE = """
SELECT
    queue_id AS queue,
    count() AS offered,
    countIf(outcome = 'answered') AS answered,
    countIf(outcome = 'abandoned') AS abandoned,
    countIf(outcome = 'timeout') AS `timed out`,
    if(counted = 0, '-', concat(toString(round(100 * in_time / counted, 1)), ' %'))
        AS `service level`,
    if(answered = 0, '-', concat(toString(round(
        sumIf(wait_ms, outcome = 'answered') / answered / 1000, 1)), ' s')) AS `mean wait`,
    concat(toString(round(max(wait_ms) / 1000, 1)), ' s') AS `longest wait`
FROM
(
    SELECT *,
        countIf(outcome = 'answered' AND wait_ms <= answer_within_ms)
            OVER (PARTITION BY queue_id) AS in_time,
        countIf(outcome != 'waiting' AND (wait_ms > answer_within_ms OR outcome = 'answered'
            OR (outcome = 'abandoned' AND wait_ms > short_abandon_ms)))
            OVER (PARTITION BY queue_id) AS counted
    FROM pult.legs
)
GROUP BY queue_id, in_time, counted
ORDER BY queue_id
"""


def table(store: EmbeddedStore) -> str:
    """Return the figures of each queue over the whole recording."""
    text = store.query(
        _TABLE, "PrettyCompactMonoBlock", {"output_format_pretty_row_numbers": "0"}
    )
    return text.decode().rstrip()


def run_live(options: Options, out: Callable[[str], None]) -> None:
    """Play the recording and serve the wall until interrupted."""
    replay = _replay(options)
    with fresh_folder(options.data) as folder:
        runtime = _runtime(options, folder)
        source = Wired(SOURCE, Recording(replay, options.speed), lasting=False)
        about = f"the recording runs at {options.speed:g} times"
        Service(runtime, [source], out, about).run()
