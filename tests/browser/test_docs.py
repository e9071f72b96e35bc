"""The documentation in a browser that reaches nothing but the gateway."""

from passerelle.errors import PROBLEMS
from passerelle.web.routes import ROUTES


async def test_the_api_documentation_works_offline(demo, window):
    page = window.page
    await page.goto(f"{demo.url}/docs")
    await page.locator(".opblock").first.wait_for()
    shown = await page.locator(".opblock-summary").evaluate_all(
        "all => all.map(each => [each.querySelector('.opblock-summary-method').innerText,"
        " each.querySelector('.opblock-summary-path').dataset.path])"
    )
    assert {tuple(each) for each in shown} == {(route.method, route.path) for route in ROUTES}
    assert window.trouble_of(demo.url) == []
    assert {url.split("/")[2] for url in window.asked} == {demo.url[7:]}


async def test_an_operation_can_be_tried_out(demo, window):
    page = window.page
    await page.goto(f"{demo.url}/docs")
    operation = page.locator(".opblock", has=page.locator("[data-path='/v1/catalogue']"))
    await operation.locator(".opblock-summary-control").click()
    await operation.get_by_role("button", name="Try it out").click()
    await operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table tr.response .response-col_status")
    await answer.get_by_text("200").wait_for()
    assert window.trouble_of(demo.url) == []


async def test_every_problem_has_its_page(demo, window):
    page = window.page
    await page.goto(f"{demo.url}/docs/problems")
    links = await page.locator("td a").evaluate_all("all => all.map(each => each.href)")
    assert links == [f"{demo.url}/docs/problems/{code}" for code in PROBLEMS]
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for link in links:
        answer = await page.goto(link)
        assert answer.status == 200
        assert await page.locator("section[lang=fr] h1, section[lang=en] h1").count() == 2
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), link
    assert window.trouble_of(demo.url) == []
