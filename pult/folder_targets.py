"""Which targets held when, as a data folder notes it."""

import sys
import time

from pult.folder import DataFolder
from pult.settings import Settings
from schemas.policies import PolicyHistory


def noted_targets(folder: DataFolder, wanted: Settings, *, keep: bool = True) -> PolicyHistory:
    """Return the targets of a data folder, with those of the settings from now on if new.

    Without any settings those noted last still hold: nobody wants other ones by working in
    another directory. Whoever only looks does not `keep` anything.

    Raises:
        DataFolderUnusable: the history of targets cannot be read or written.
    """
    noted = folder.noted_policies()
    if noted and not wanted.model_fields_set:
        history = PolicyHistory(noted)
        if history.current != wanted.policies():
            sys.stderr.write(
                "pult: there are no settings here (--config names them); the targets noted in "
                f"{folder.path} hold\n"
            )
        return history
    return folder.policies(wanted.policies(), int(time.time() * 1000), keep=keep)
