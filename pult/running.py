"""`pult run`: the embedded pipeline on the sources of the settings, for as long as it runs."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from producers.identity import CallerKeys
from pult import logs
from pult.desk_token import desk_token, supervisor_token
from pult.feeds import Wired
from pult.folder import DataFolder
from pult.folder_targets import noted_targets
from pult.lean import switch_soon
from pult.naming import naming
from pult.runtime import Runtime, Setup
from pult.serving import Service
from pult.settings import Settings
from stream_processors.core.state import Terms

Sources = Callable[[Runtime], Sequence[Wired]]
"""Makes the sources, which may ask the journal where they were left."""


def run(
    settings: Settings,
    data: Path,
    environ: Mapping[str, str],
    sources: Sources,
    out: Callable[[str], None],
) -> None:
    """Read, apply, store and serve until a signal comes.

    Raises:
        PultFailure: it cannot start, or could not go on.
    """
    logs.configure("run")
    switch_soon()
    with DataFolder(data, "run") as folder:
        removed = folder.without_demo()
        if removed:
            out(removed)
        runtime = Runtime(setup(settings, folder, environ))
        try:
            made = sources(runtime)
            names = ", ".join(sorted({each.name for each in made}))
            service = Service(runtime, made, out, f"live from {names}")
        except BaseException:
            runtime.close()
            raise
        service.run()


def setup(settings: Settings, folder: DataFolder, environ: Mapping[str, str]) -> Setup:
    """Return what the runtime of a data folder is made of.

    Raises:
        DataFolderUnusable: its keys or its history of targets cannot be read or written.
    """
    secret = folder.caller_secret(environ, settings.privacy.secret_env)
    keys = CallerKeys(secret, keep_numbers=settings.privacy.keep_numbers)
    if not (settings.desk.token_env or settings.desk.token_file):
        folder.keep_desk_token()
    history = noted_targets(folder, settings)
    return Setup(
        settings=settings,
        folder=folder,
        names=naming(settings, keys),
        terms=Terms(history),
        desk_token=desk_token(settings.desk, environ, folder.path),
        supervisor_token=supervisor_token(settings.supervisor, environ),
    )
