"""What a CRM told over days, some of it too late, folded again from a checkpoint."""

import random
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

import schemas.events as e
from pult.refold import refold, refold_days
from schemas import crm_events as crm
from sql.embedded import EmbeddedStore
from tests.core.small_centre import AGENTS, moment_of
from tests.crm_told import told, with_callers
from tests.days import Days, days, local_terms
from tests.pult.test_refold import dates, drawn, expected, keep, new_tenant, said_by


def telling(of_pbx: Sequence[e.Event], seed: int) -> list[e.Event]:
    """Return what a CRM tells beside a PBX: near random events of it, about whatever."""
    chance = random.Random(seed)
    made = []
    for number in range(30):
        near = chance.choice(of_pbx)
        make: Any = chance.choice(
            (crm.CardOpened, crm.CardSaved, crm.CardClosed, crm.CaseCreated, crm.DispositionSet)
        )
        told_too: dict[str, Any] = {"agent_id": chance.choice(AGENTS)}
        if make is crm.DispositionSet:
            told_too["code"] = "sold"
        elif make is crm.CaseCreated:
            told_too["case_id"] = f"C{number}"
        else:
            told_too["card_id"] = chance.choice("12")
        if chance.random() < 0.5:
            told_too["caller_key"] = "key-d"
        value = told(make, near.time[11:23], day=near.time[:10], **told_too)
        made.append(replace(e.decode(value), tenant=near.tenant, domain=near.domain))
    return list({event.id: event for event in made}.values())


@drawn(6)
@given(several=days(), seed=st.integers(0, 1 << 30))
def test_what_a_crm_told_too_late_is_as_if_it_had_come_in_time(
    store: EmbeddedStore, several: Days, seed: int
) -> None:
    of_pbx = with_callers(several.events(new_tenant()))
    tenant, of_crm = of_pbx[0].tenant, telling(of_pbx, seed)
    log = sorted([*of_pbx, *of_crm], key=lambda each: (moment_of(each), each.source, each.feed,
                                                       each.sequence, each.id))  # fmt: skip
    tardy = [event for event in of_crm if random.Random(event.id).random() < 0.3] or of_crm[:1]
    punctual = [event for event in log if event not in tardy]

    keep(store, punctual, 100)
    refold(store, tenant, tenant, local_terms(refold_at=100))
    keep(store, tardy, 200)
    refold_days(store, tenant, tenant, local_terms(refold_at=200), dates(tardy))

    assert said_by(store, tenant) == expected(store, log)[0]
    rows = store.query(
        f"SELECT count() FROM case_steps WHERE tenant = '{tenant}'", "JSONCompactEachRow"
    )
    assert (
        rows.strip()
        == f"[{sum(isinstance(each, crm.CaseCreated) for each in of_crm)}]".encode()
    )
