"""Pages from templates: everything escaped, nothing loaded from elsewhere."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

_pages = Environment(
    loader=PackageLoader("passerelle.web.pages"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _coded(text: str) -> Markup:
    """Escaped, what stands between backticks as code."""
    pieces = enumerate(escape(text).split("`"))
    return Markup().join(Markup("<code>{}</code>").format(each) if at % 2 else each for at, each in pieces)


_pages.filters["coded"] = _coded

POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "script-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


def page(template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """The page, never cached and never framed."""
    body = _pages.get_template(template).render(**values)
    return HTMLResponse(body, status, {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"})
