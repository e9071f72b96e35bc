"""A gateway that answers what it was told, for tests of programs that use the SDK. Nothing leaves the process."""

from dataclasses import dataclass, field

import httpx2
import msgspec

from passerelle.client import AsyncPasserelle, Passerelle
from passerelle.schema.problem import PROBLEM_MEDIA_TYPE, ProblemBody

URL = "http://gateway.test"


@dataclass
class ScriptedGateway:
    """Answers by path, each in the order given, the last one for ever; anything else is a bare 404.

    `requests` are those that came in, `waits` the seconds that clients slept between them.
    """

    requests: list[httpx2.Request] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    _answers: dict[tuple[str, str], list[httpx2.Response | Exception]] = field(default_factory=dict)

    def answer(
        self,
        path: str,
        body: msgspec.Struct | bytes,
        *,
        method: str = "GET",
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Answer the next request for `path` with this body: JSON, or problem+json for a problem."""
        problem = isinstance(body, ProblemBody)
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        media_type = PROBLEM_MEDIA_TYPE if problem else "application/json"
        response = httpx2.Response(
            body.status if isinstance(body, ProblemBody) else status,
            content=content,
            headers={"content-type": media_type, **(headers or {})},
        )
        self._script(method, path).append(response)

    def fail(self, path: str, error: Exception) -> None:
        """End the next request for `path` with this error of the HTTP library."""
        self._script("GET", path).append(error)

    def client(self, key: str | None = "demo.key") -> Passerelle:
        """A client of this gateway that does not really wait."""
        session = httpx2.Client(transport=httpx2.MockTransport(self._handle))
        return Passerelle(URL, key, session=session, sleep=self.waits.append)

    def async_client(self, key: str | None = "demo.key") -> AsyncPasserelle:
        """The same, for asyncio."""

        async def sleep(seconds: float) -> None:
            self.waits.append(seconds)

        session = httpx2.AsyncClient(transport=httpx2.MockTransport(self._handle))
        return AsyncPasserelle(URL, key, session=session, sleep=sleep)

    def _script(self, method: str, path: str) -> list[httpx2.Response | Exception]:
        return self._answers.setdefault((method, path), [])

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        script = self._script(request.method, request.url.path)
        if not script:
            return httpx2.Response(404)
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx2.Response(answer.status_code, headers=answer.headers, content=answer.content)
