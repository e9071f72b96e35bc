"""What happens to a call before anything looks at it: stamped, entered in the journal, counted, and perhaps spoiled."""

import asyncio
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from passerelle.simulator import apis, errors
from passerelle.simulator.connection import Rewriter, drop, reply, waiting_time
from passerelle.simulator.errors import Context, Reply
from passerelle.simulator.faults import Fault
from passerelle.simulator.journal import Call, named_point, read_query
from passerelle.simulator.quotas import Excess
from passerelle.simulator.world import World

CONTROL = "/_control/"


class Gate:
    """The outermost layer. The control API passes by: it is no call to Enedis."""

    def __init__(self, world: World, inner: ASGIApp) -> None:
        self._world = world
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        arrived = self._world.real.monotonic() - waiting_time(send)
        if scope["type"] != "http" or scope["path"].startswith(CONTROL):
            await self._inner(scope, receive, send)
            return
        call = self._enter(scope, arrived)

        async def journaled(message: Message) -> None:
            if message["type"] == "http.response.start":
                call.status = message["status"]
            await send(message)

        excess = self._count(call, arrived)
        if excess is not None:
            await reply(errors.render(_row(excess, call.api), self._context(scope)), scope, journaled)
            return
        fault = self._world.faults.take(call.api)
        if fault is not None and fault.drop:
            await drop(receive, send)
            return
        await self._pass(fault, scope, receive, journaled)

    def _enter(self, scope: Scope, arrived: float) -> Call:
        query = read_query(scope["query_string"])
        api = apis.api_of(scope["path"])
        call = Call(
            at=self._world.real_instant(arrived),
            simulated_at=self._world.clock.now(),
            api=api,
            method=scope["method"],
            path=scope["path"],
            query=query,
            usage_point_id=named_point(query, scope["path"], in_path=api in apis.PRM_IN_PATH),
        )
        self._world.journal.calls.append(call)
        return call

    def _count(self, call: Call, arrived: float) -> Excess | None:
        """The consent page is the customer's browser on another host: it counts for nothing."""
        is_data = call.api in apis.DATA_APIS
        if not is_data and call.api != apis.OAUTH:
            return None
        return self._world.quotas.of(call.api).arrive(arrived, call.simulated_at, counts_in_hour=is_data)

    def _context(self, scope: Scope) -> Context:
        state = parse_qs(scope["query_string"].decode("latin-1")).get("state", [None])[0]
        return Context(self._world.clock.now(), self._world.settings.callback, state)

    async def _pass(self, fault: Fault | None, scope: Scope, receive: Receive, send: Send) -> None:
        if fault is None:
            await self._inner(scope, receive, send)
        elif fault.delay_ms is not None:
            await asyncio.sleep(fault.delay_ms / 1000)
            await self._inner(scope, receive, send)
        elif fault.truncate is not None:
            await self._inner(scope, receive, Rewriter(send, keep=fault.truncate))
        elif fault.error is not None and errors.rows()[fault.error].shape is None:
            # No error but a habit of Enedis: the true answer under another content type.
            relabelled = Rewriter(send, content_type=errors.rows()[fault.error].content_type)
            await self._inner(scope, receive, relabelled)
        elif fault.error is not None:
            await reply(errors.render(fault.error, self._context(scope)), scope, send)
        else:
            body = (fault.body or "").encode()
            await reply(Reply(fault.status or 200, body, fault.content_type or "application/json"), scope, send)


def _row(excess: Excess, api: str) -> str:
    if excess is Excess.HOUR:
        return errors.PER_HOUR
    return errors.PER_SECOND_2026 if api in apis.APIS_2026 else errors.PER_SECOND
