"""The naive way: readings as rows of a table in clear, selected by the ORM way and encoded with the standard library.

No key check and no decryption: it is given every advantage but the design.
"""

import asyncio
import json
import sys
from datetime import datetime
from pathlib import Path

import uvicorn
from sqlalchemy import DateTime, Integer, String, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


class Base(DeclarativeBase):
    pass


class Row(Base):
    __tablename__ = "readings"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    start: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    end: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    value: Mapped[int] = mapped_column(Integer)
    quality: Mapped[str] = mapped_column(String)


def application(body: bytes, database: str) -> Starlette:
    engine = create_async_engine(f"sqlite+aiosqlite:///{database}")
    sessions = async_sessionmaker(engine)
    answer = json.loads(body)

    async def fill() -> None:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        async with sessions() as session:
            for each in answer["readings"]:
                bounds = {name: datetime.fromisoformat(each[name]) for name in ("start", "end")}
                session.add(Row(**bounds, value=each["value"], quality=each["quality"]))
            await session.commit()
        await engine.dispose()

    asyncio.run(fill())

    async def read(_: Request) -> JSONResponse:
        async with sessions() as session:
            rows = (await session.execute(select(Row).order_by(Row.id))).scalars().all()
        readings = [
            {"start": row.start.isoformat(), "end": row.end.isoformat(), "value": row.value, "quality": row.quality}
            for row in rows
        ]
        return JSONResponse({**answer, "readings": readings})

    return Starlette(routes=[Route("/", read)])


if __name__ == "__main__":
    source = Path(sys.argv[2])
    made = application(source.read_bytes(), f"{source}.naive.db")
    uvicorn.run(made, port=int(sys.argv[1]), access_log=False, log_level="error", lifespan="off")
