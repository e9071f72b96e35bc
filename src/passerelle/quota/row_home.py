"""A home that keeps each bucket as one row."""

from passerelle.quota import bucket as rules
from passerelle.quota.bucket import Bucket, CivilTime
from passerelle.quota.home import Ask, Reply
from passerelle.quota.rows import Rows


class RowHome:
    """Home in rows: the rules of `bucket`, each applied in one step.

    The commit comes before the permit, so a process killed anywhere leaves at most a call counted too many. **Fails
    shut**: a locked, full or absent database is QuotaExhausted (503, to retry in 5 s); a row that cannot be read is
    InternalError until the operator deletes it.
    """

    def __init__(self, rows: Rows[Bucket]) -> None:
        self._rows = rows

    async def reserve(self, bucket: str, ask: Ask) -> Reply:
        def rule(before: Bucket, now_us: int, at: float) -> tuple[Bucket, Reply]:
            after, answer = rules.reserve(
                before, now_us, ask.civil, ask.limits, ask.priority, ask.lead_us, turn=ask.turn
            )
            return after, Reply(answer, at)

        return await self._rows.change(bucket, rule)

    async def give_back(self, bucket: str, serial: int) -> None:
        await self._rows.change(bucket, lambda before, _now, _at: (rules.cancel(before, serial), None))

    async def correct(self, bucket: str, civil: CivilTime, serial: int) -> None:
        await self._rows.change(
            bucket, lambda before, now_us, _at: (rules.correct(before, now_us, civil, serial), None)
        )

    async def hold(self, bucket: str, civil: CivilTime, resume_us: int | None) -> None:
        await self._rows.change(
            bucket, lambda before, now_us, _at: (rules.hold(before, now_us, civil, resume_us), None)
        )

    async def slow_down(self, bucket: str) -> None:
        await self._rows.change(bucket, lambda before, now_us, _at: (rules.slow_down(before, now_us), None))

    async def read(self, bucket: str) -> tuple[Bucket, int]:
        return await self._rows.change(bucket, lambda before, now_us, _at: (before, (before, now_us)))
