"""The customer's journey by clicking: on a phone, on a desk, in the dark, and with the keyboard alone."""

import re

PRM = "30001112223334"
OTHER = "30001112223342"

FLAWS = """() => {
  const number = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, at) => sum + v * [.2126, .7152, .0722][at], 0);
  const over = (top, below) => {
    const a = top.length > 3 ? top[3] : 1;
    return [0, 1, 2].map(at => top[at] * a + below[at] * (1 - a));
  };
  const canvas = matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18] : [255, 255, 255];
  const behind = element => element === null ? canvas
    : over(number(getComputedStyle(element).backgroundColor), behind(element.parentElement));
  const flaws = [];
  if (document.documentElement.scrollWidth > innerWidth) flaws.push('wider than the window');
  if (!document.documentElement.lang || !document.title) flaws.push('no language or no title');
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode, element = text.parentElement;
    if (!text.data.trim() || !element.offsetParent) continue;
    const back = behind(element), front = over(number(getComputedStyle(element).color), back);
    const [high, low] = [light(front), light(back)].sort((a, b) => b - a);
    const ratio = (high + .05) / (low + .05);
    if (ratio < 4.5) flaws.push(`${ratio.toFixed(1)}: ${text.data.trim()}`);
  }
  return flaws;
}"""
"""What a reader would stumble over: a page that must be scrolled sideways, text with too little contrast (WCAG AA)."""


async def approve(page, *prms):
    for prm in prms:
        await page.get_by_label(re.compile(prm)).check()
    await page.get_by_role("button", name="Accepter").click()


async def tab_to(page, wanted):
    """Press Tab until it has the focus."""
    for _ in range(40):
        if await wanted.evaluate("element => element === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError("the keyboard does not get there")


async def test_the_whole_journey_by_clicking(demo, window):
    demo.control("PUT", f"consents/{PRM}", {"state": "expired"})
    demo.control("PUT", f"consents/{OTHER}", {"state": "expired"})
    page = window.page
    await page.goto(demo.start(duration="P6M", return_url=f"{demo.url}/"))
    assert page.url.startswith(f"{demo.simulator}/dataconnect/")
    assert await page.evaluate(FLAWS) == []
    await approve(page, PRM, OTHER)
    assert page.url.startswith(f"{demo.url}/oauth/callback?")
    assert await page.locator("h1").all_inner_texts() == ["Partage enregistré", "Share recorded"]
    assert await page.locator("section").evaluate_all("all => all.map(each => each.lang)") == ["fr", "en"]
    assert await page.locator("section[lang=fr] code").all_inner_texts() == ["•••• •••• ••3334", "•••• •••• ••3342"]
    assert PRM not in await page.content()
    assert await page.evaluate(FLAWS) == []
    newest = demo.consents()[0]
    assert newest["state"] == "granted"
    assert {point["usage_point_id"] for point in newest["usage_points"]} == {PRM, OTHER}
    await page.get_by_role("link", name="Revenir à l'application").click()
    assert page.url == f"{demo.url}/?consent={newest['id']}&state=granted"
    assert await page.evaluate(FLAWS) == []
    assert window.trouble_of(demo.url) == []
    assert {url.split("/")[2] for url in window.asked} == {demo.url[7:], demo.simulator[7:]}


async def test_the_journey_with_the_keyboard_alone(demo, window):
    page = window.page
    await page.goto(demo.start(return_url=f"{demo.url}/"))
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    refuse = page.get_by_role("button", name="Refuser")
    await tab_to(page, refuse)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/oauth/callback?**")
    assert (await page.locator("h1").all_inner_texts())[0] == "Partage refusé"
    assert await page.evaluate(FLAWS) == []
    back = page.get_by_role("link", name="Revenir à l'application")
    await tab_to(page, back)
    assert await back.evaluate("link => getComputedStyle(link).outlineStyle") == "solid"
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{demo.url}/?consent=**")


async def test_pages_that_bring_bad_news_read_well_too(demo, window):
    page = window.page
    for path, status, title in (
        ("/oauth/callback?code=500&error=server_error&error_description=x", 502, "La page d'Enedis a échoué"),
        ("/oauth/callback?code=x&state=y&usage_point_id=z", 400, "Retour non reconnu"),
        ("/consent/start?ticket=x", 404, "Ce lien ne mène plus nulle part"),
    ):
        answer = await page.goto(demo.url + path)
        assert answer.status == status
        assert (await page.locator("h1").all_inner_texts())[0] == title
        assert await page.evaluate(FLAWS) == []


async def test_a_replayed_callback_says_so(demo, window):
    page = window.page
    await page.goto(demo.start())
    await page.get_by_role("button", name="Refuser").click()
    await page.reload()
    assert (await page.locator("h1").all_inner_texts())[0] == "Retour non reconnu"
    assert demo.consents()[0]["state"] == "refused"


async def test_a_page_that_waits_for_enedis_is_reloaded(demo_2026, chromium):
    """The page of 2026 brings an id, and Enedis says later what it stands for (F§4)."""
    demo_2026.control("PUT", f"consents/{PRM}", {"state": "expired"})
    demo_2026.control("PUT", f"services/{PRM}", {"visible_at": "2030-01-01T00:00:00+01:00"})
    page = await chromium.new_page(viewport={"width": 360, "height": 740}, locale="fr-FR")
    await page.goto(demo_2026.start(return_url=f"{demo_2026.url}/"))
    await approve(page, PRM)
    titles = page.locator("h1")
    assert await titles.all_inner_texts() == ["Partage en cours d'enregistrement", "Share being recorded"]
    assert await page.evaluate(FLAWS) == []
    assert demo_2026.consents()[0]["state"] == "exchanging"
    assert await page.locator("meta[http-equiv=refresh]").get_attribute("content") == "10"
    waiting = page.url
    demo_2026.control("PUT", f"services/{PRM}", {"visible_at": None})
    await page.get_by_role("link", name="Recharger la page").click()
    await titles.get_by_text("Partage enregistré").wait_for()
    assert page.url == waiting
    assert await page.locator("meta[http-equiv=refresh]").count() == 0
    await page.reload()
    assert await titles.all_inner_texts() == ["Partage enregistré", "Share recorded"]
    await page.get_by_role("link", name="Revenir à l'application").click()
    assert page.url == f"{demo_2026.url}/?consent={demo_2026.consents()[0]['id']}&state=granted"
