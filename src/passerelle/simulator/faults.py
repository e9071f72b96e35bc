"""Failures that a test orders: the oldest that matches a call is the one that happens."""

from dataclasses import dataclass, field

ANY = "*"


@dataclass(slots=True)
class Fault:
    """What goes wrong with the calls of `api`, `count` times or, when None, until all faults are ended.

    Exactly one thing happens: an `error` of the catalogue, an answer of one's own (`status`, `body`, `content_type`),
    the body cut after `truncate` bytes, a delay in ms, or the connection closed without an answer.
    """

    api: str
    count: int | None = None
    error: str | None = None
    status: int | None = None
    body: str | None = None
    content_type: str | None = None
    truncate: int | None = None
    delay_ms: int | None = None
    drop: bool = False


@dataclass(slots=True)
class Faults:
    _faults: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)

    def clear(self) -> None:
        self._faults.clear()

    def take(self, api: str) -> Fault | None:
        """The fault that this call meets, counted down."""
        for fault in self._faults:
            if fault.api in (ANY, api):
                if fault.count is not None:
                    fault.count -= 1
                    if fault.count <= 0:
                        self._faults.remove(fault)
                return fault
        return None
