"""What counts as a violation: all rules together, and who wants some of them otherwise.

A rule holds for everybody; a tenant, a team and an agent may each want some of its thresholds
otherwise, the nearer level wins.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from schemas.rules import (
    AgentHangup,
    BreakBudget,
    BreakTooLong,
    EarlyLogout,
    ExcessTransfer,
    GhostBusy,
    Hanging,
    IdleNotReady,
    LateLogin,
    LateReturn,
    Limit,
    LongHold,
    NoShow,
    NotLoggedOut,
    OfferRejected,
    PingPong,
    Relog,
    Rona,
    Rule,
    ShortCall,
    SlowHandling,
    SystemSuspect,
    Toggle,
    UnscheduledBreak,
    WorkInsteadOfBreak,
    WrapupTooLong,
    WrongStateWork,
)
from schemas.wording import did_you_mean, plainly


class PageBudget(BaseModel):
    """How many critical episodes page who is on call; the others go into a digest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    per_agent_shift: Limit = Field(
        default=2, description="of one agent within a shift, or a log-in where none is planned"
    )
    per_hour: Limit = Field(default=6, description="of all agents within any 60 minutes")


class Discipline(BaseModel):
    """All rules, by their codes, and how many of their episodes page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    late_return: LateReturn = LateReturn()
    break_too_long: BreakTooLong = BreakTooLong()
    acw_too_long: WrapupTooLong = WrapupTooLong()
    idle_not_ready: IdleNotReady = IdleNotReady()
    long_hold: LongHold = LongHold()
    rona: Rona = Rona()
    offer_rejected: OfferRejected = OfferRejected()
    toggle: Toggle = Toggle()
    relog: Relog = Relog()
    slow_handling: SlowHandling = SlowHandling()
    short_call: ShortCall = ShortCall()
    late_login: LateLogin = LateLogin()
    no_show: NoShow = NoShow()
    early_logout: EarlyLogout = EarlyLogout()
    unscheduled_break: UnscheduledBreak = UnscheduledBreak()
    work_instead_of_break: WorkInsteadOfBreak = WorkInsteadOfBreak()
    not_logged_out: NotLoggedOut = NotLoggedOut()
    agent_hangup: AgentHangup = AgentHangup()
    excess_transfer: ExcessTransfer = ExcessTransfer()
    break_budget: BreakBudget = BreakBudget()
    hanging: Hanging = Hanging()
    ping_pong: PingPong = PingPong()
    wrong_state_work: WrongStateWork = WrongStateWork()
    ghost_busy: GhostBusy = GhostBusy()
    system_suspect: SystemSuspect = SystemSuspect()
    budget: PageBudget = PageBudget()

    @property
    def judges(self) -> bool:
        """Whether any rule is enabled."""
        return any(self.rule(code).enabled for code in CODES if code != "system_suspect")

    def rule(self, code: str) -> Rule:
        """Return the rule of a code."""
        found: Rule = getattr(self, code)
        return found

    def changed(self, levels: Iterable["Overrides"]) -> "Discipline":
        """Return the rules as levels want them, each over those before it."""
        parts: dict[str, BaseModel] = {}
        for level in levels:
            for name, wanted in level.items():
                parts[name] = _changed(parts.get(name, getattr(self, name)), wanted)
        return self.model_copy(update=parts) if parts else self


CODES: tuple[str, ...] = tuple(name for name in Discipline.model_fields if name != "budget")

ABOUT_NOBODY = ("hanging", "ping_pong", "system_suspect")
"""Rules about calls or a whole team, for which nobody asks what holds for an agent."""


def _changed(part: BaseModel, wanted: Mapping[str, Any]) -> BaseModel:
    """Return a rule with some of its thresholds otherwise; maps are laid over one another."""
    now = {name: getattr(part, name) for name in type(part).model_fields}
    for name, value in wanted.items():
        before = now[name]
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        now[name] = {**before, **value} if both else value
    return type(part).model_validate(now)


def _known_overrides(value: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
    if "budget" in value:
        msg = "the budget of pages holds for all of a tenant; set it there"
        raise ValueError(msg)
    return known_for_tenant(value)


def known_for_tenant(
    value: Mapping[str, Mapping[str, Any]],
) -> Mapping[str, Mapping[str, Any]]:
    """Return thresholds by rule, which a tenant wants otherwise, as they are.

    Raises:
        ValueError: there is no such rule or threshold, or no such value of it.
    """
    rules, parts = Discipline(), (*CODES, "budget")
    for code, wanted in value.items():
        if code not in parts:
            msg = f"{code} is no rule{did_you_mean(code, parts)}"
            raise ValueError(msg)
        names = list(type(getattr(rules, code)).model_fields)
        for name in wanted:
            if name not in names:
                msg = f"{code}.{name} is unknown{did_you_mean(name, names)}"
                raise ValueError(msg)
        try:
            _changed(getattr(rules, code), wanted)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in (code, *first["loc"]))
            msg = f"{place}: {plainly(first['msg'])}"
            raise ValueError(msg) from error
    return value


Overrides = Annotated[Mapping[str, Mapping[str, Any]], AfterValidator(_known_overrides)]
"""What a tenant, a team or an agent wants otherwise: thresholds by rule, as in settings."""

TenantOverrides = Annotated[Mapping[str, Mapping[str, Any]], AfterValidator(known_for_tenant)]
"""The same for a tenant, who may also have a budget of his own."""
