"""Which targets held when, kept beside the snapshots, so that they survive every worker.

The settings of a worker hold for all tenants, some of which have their own. What was in force
stays in force for its time: a changed target is added to the history from the moment it is
first used, and the history is written before the first event is judged by it.
"""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from schemas.errors import SnapshotUnusable
from schemas.policies import Policies, PolicyHistory


class TenantPolicies(BaseModel):
    """What is wanted of all tenants, and of those who have policies of their own."""

    model_config = ConfigDict(frozen=True)

    everybody: Policies = Policies()
    tenants: Mapping[str, Policies] = Field(default_factory=dict)

    def of(self, tenant: str) -> Policies:
        """Return what holds for a tenant."""
        return self.tenants.get(tenant, self.everybody)


class Version(BaseModel):
    """Policies and the instant [ms since 1970] from which on they hold."""

    model_config = ConfigDict(frozen=True)

    since: int
    policies: TenantPolicies


_LOG = TypeAdapter(tuple[Version, ...])


def continued(log: tuple[Version, ...], now: TenantPolicies, at: int) -> tuple[Version, ...]:
    """Return a history that ends with `now`, from `at` [ms] on if that is a change."""
    if not log:
        return (Version(since=0, policies=now),)
    if log[-1].policies == now:
        return log
    return (*log, Version(since=max(at, log[-1].since), policies=now))


def history(log: tuple[Version, ...], tenant: str) -> PolicyHistory:
    """Return the history of one tenant; what changed for others only is no version of it."""
    versions: list[tuple[int, Policies]] = []
    for each in log:
        policies = each.policies.of(tenant)
        if not versions or versions[-1][1] != policies:
            versions.append((each.since, policies))
    return PolicyHistory(versions)


def encode(log: tuple[Version, ...]) -> bytes:
    """Return a history as it is kept: UTF-8 JSON."""
    return _LOG.dump_json(log)


def decode(value: bytes, where: str) -> tuple[Version, ...]:
    """Read what `encode` returned.

    Args:
        value: what is kept.
        where: the topic and its partition, in words.

    Raises:
        SnapshotUnusable: it is none, or has what only a newer version of ours knows.
    """
    try:
        return _LOG.validate_json(value)
    except ValidationError as error:
        told = error.errors()[0]
        place = ".".join(map(str, told["loc"]))
        msg = (
            f"the history of targets in {where} cannot be read ({told['msg']}"
            f"{f' at {place}' if place else ''}): it is damaged, or of a newer pult; install "
            "that one, or see Restoring in docs/operations.md"
        )
        raise SnapshotUnusable(msg) from error
