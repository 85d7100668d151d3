"""Remembers for each scope that a wall is asked for since when what holds."""

from dashboards.wall.picture import Scope, Since

REMEMBERED = 200


class Scopes:
    """The memory of scopes; anybody can make them up, so the least used one goes."""

    def __init__(self) -> None:
        self._since: dict[Scope, Since] = {}

    def __len__(self) -> int:
        return len(self._since)

    def since(self, scope: Scope) -> Since:
        """Return a scope's memory."""
        since = self._since[scope] = self._since.pop(scope, Since())
        if len(self._since) > REMEMBERED:
            del self._since[next(iter(self._since))]
        return since
