"""Who is next inside a process, when more calls are wanted than the quota lets out."""

import asyncio
from collections import OrderedDict, deque

from passerelle.model.priority import Priority

PLACES = 2
BACKGROUND_PLACES = 1


class FairQueue:
    """The line in front of one bucket.

    Few calls at a time hold a place, from before they connect until they leave: the others wait without a connection,
    so none stands idle until the server closes it. One place is out of reach of background calls, so an interactive
    call finds it free. Order: by class, then the accounts in turn, then first come.
    """

    def __init__(self) -> None:
        self._inside = 0
        self._background_inside = 0
        self._lines: dict[Priority, OrderedDict[str, deque[asyncio.Future[None]]]] = {
            priority: OrderedDict() for priority in sorted(Priority)
        }
        self._latest: dict[Priority, str] = {}

    async def enter(self, account_id: str, priority: Priority) -> None:
        """Wait for a place. Pair with one `leave`, unless this is cancelled."""
        if self._has_place(priority):  # whoever could take a free place has already got it
            self._take(priority)
            self._latest[priority] = account_id
            return
        ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line = self._lines[priority]
        if account_id not in line:
            line[account_id] = deque()
            latest = self._latest.get(priority, account_id)
            if latest != account_id and latest in line:
                line.move_to_end(latest)  # who has just had a turn stands behind who has had none
        line[account_id].append(ticket)
        try:
            await ticket
        except asyncio.CancelledError:
            if ticket.done() and not ticket.cancelled():
                self.leave(priority)
            raise

    def leave(self, priority: Priority) -> None:
        """Free the place and hand it on."""
        self._inside -= 1
        self._background_inside -= priority is not Priority.INTERACTIVE
        for waiting, line in self._lines.items():
            while line and self._has_place(waiting):
                account_id, ticket = self._next(line)
                if ticket is not None:
                    self._take(waiting)
                    self._latest[waiting] = account_id
                    ticket.set_result(None)

    def _has_place(self, priority: Priority) -> bool:
        background_full = priority is not Priority.INTERACTIVE and self._background_inside >= BACKGROUND_PLACES
        return self._inside < PLACES and not background_full

    def _take(self, priority: Priority) -> None:
        self._inside += 1
        self._background_inside += priority is not Priority.INTERACTIVE

    @staticmethod
    def _next(line: OrderedDict[str, deque[asyncio.Future[None]]]) -> "tuple[str, asyncio.Future[None] | None]":
        """The account whose turn it is, which then goes to the end, and its first ticket; None if that gave up."""
        account_id, tickets = next(iter(line.items()))
        ticket = tickets.popleft()
        if tickets:
            if not ticket.done():
                line.move_to_end(account_id)
        else:
            del line[account_id]
        return account_id, None if ticket.done() else ticket
