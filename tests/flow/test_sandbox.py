"""Enedis' sandbox: the application holds every fictitious consent, so that nobody has to ask for one (F§11)."""

from datetime import UTC, datetime, timedelta

from passerelle.model.sandbox import SANDBOX_CUSTOMERS
from passerelle.model.scopes import ALL_SCOPES


async def test_every_account_reads_the_fictitious_customers_without_consent(install):
    async with install(ENVIRONMENT="sandbox", SIMULATOR_NOW=datetime.now(UTC).isoformat()) as house:
        stores, now = house.opened.stores, datetime.now(UTC)
        end = now.date() - timedelta(days=1)
        start = end - timedelta(days=2)
        for name in ("one", "two"):
            account = await stores.accounts.create(name, now)
            await stores.link_sandbox(account.id)
            await stores.link_sandbox(account.id)
            _, key = await stores.accounts.create_first_key(account.id, ALL_SCOPES, name, now)
            points = (await house.get("/v1/usage-points", key=key)).json()["usage_points"]
            assert {point["usage_point_id"] for point in points} == {
                prm for digit, prms in SANDBOX_CUSTOMERS.items() if digit < 8 for prm in prms
            }
            assert all(
                point["consent"]["state"] == "granted" and "expires_at" not in point["consent"] for point in points
            )
            answer = await house.series("22516914714270", "consumption/daily", str(start), str(end), key=key)
            assert answer.status_code == 200
            assert answer.json()["readings"] == await house.truth(
                "22516914714270", "consumption/daily", str(start), str(end)
            )


async def test_accounts_that_were_there_before_are_linked_when_the_gateway_starts(install):
    async with install(ENVIRONMENT="production") as house:
        account = await house.opened.stores.accounts.create("early", datetime.now(UTC))
        assert await house.opened.stores.links.of_account(account.id) == []
    async with install(ENVIRONMENT="sandbox") as house:
        (account,) = await house.opened.stores.accounts.list()
        assert len(await house.opened.stores.links.of_account(account.id)) == 11
