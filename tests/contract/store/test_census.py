"""Counts of the whole installation agree with what each consent and link says of itself."""

from collections import Counter
from datetime import timedelta

from passerelle.consent.standing import request_standing
from passerelle.consent.states import ConsentState, standing
from passerelle.model.usage_point import UsagePointId
from passerelle.store.census import Census
from passerelle.store.vault import Secrets

POINTS = [UsagePointId(f"{number:014}") for number in (22516914714270, 11453290002823, 32320647321714, 42900589957123)]
S = ConsentState


async def furnish(store):
    """One consent of each fate, two accounts."""
    alice, bob = await store.account("alice"), await store.account("bob")
    await store.grant(alice, *POINTS[:2])
    await store.grant(bob, POINTS[0])  # alice holds it
    await store.grant(bob, POINTS[2])
    await store.links.set_state(await store.links.find(bob, POINTS[2]), S.REVOKED)
    await store.request(alice)
    refused = await store.request(bob)
    await store.consents.close(refused.id, S.REFUSED, "access_denied")
    forgotten, _ = await store.grant(alice, POINTS[3])
    await store.consents.forget(alice, forgotten)
    await store.consents.grant(
        (await store.request(bob)).id, [POINTS[3]], store.clock.at, None
    )  # without an end, as in the sandbox
    return [alice, bob]


async def test_every_state_is_counted_where_it_stands_as_time_passes(store):
    accounts = await furnish(store)
    census = Census(store.engine, store.secrets)
    for later in (timedelta(0), timedelta(hours=23, minutes=59), timedelta(hours=24), timedelta(days=366)):
        now = store.clock.at + later
        consents, links = Counter(), Counter()
        for account in accounts:
            for request, linked in await store.consents.of_account(account):
                consents[request_standing(request, now)] += 1
                links.update(standing(each.link, now) for each in linked)
        assert await census.consents(now) == consents
        # `of_account` leaves forgotten ones out
        assert await census.links(now) == links + Counter({S.FORGOTTEN: 1})
    assert consents == {S.EXPIRED: 2, S.DISPUTED: 1, S.LAPSED: 1, S.REFUSED: 1, S.FORGOTTEN: 1, S.GRANTED: 1}
    assert links == {S.EXPIRED: 2, S.DISPUTED: 1, S.REVOKED: 1, S.GRANTED: 1}


async def test_the_secret_is_known_by_what_it_opens(store):
    own = Census(store.engine, store.secrets)
    another = Census(store.engine, Secrets(b"t" * 32))
    assert await own.secret_opens() is None
    await store.grant(await store.account(), POINTS[0])
    assert await own.secret_opens() is True
    assert await another.secret_opens() is False
