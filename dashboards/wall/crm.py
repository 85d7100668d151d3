"""What a CRM tells, as the wall shows it to who asks for it."""

from typing import Any

from dashboards.wall.scope import Scope, Setting
from stream_processors.core.crm.figures import NOTHING, figures
from stream_processors.core.hearsay import clock_of
from stream_processors.core.state import State


def of_crm(state: State, setting: Setting, scope: Scope) -> dict[str, Any] | None:
    """Return cards in work, mean filling [ms] and share of positive answers of the last hour.

    Those of a team are those of its people; those of queues, of who serves them now. None where
    no CRM was heard.
    """
    if not state.crm.listens:
        return None
    team_of = setting.terms.policies.current.team_of

    def place(agent_id: str) -> str:
        if scope.team and team_of(agent_id) != scope.team:
            return "outside"
        agent = state.agents.get(agent_id)
        if scope.queues and (agent is None or not scope.has_agent(agent)):
            return "outside"
        return "inside"

    told = dict(figures(state.crm, clock_of(state), place))
    return told.get("inside", NOTHING)._asdict()
