"""A wire that is slow: passes bytes on to a server, each piece up to so many milliseconds late, in their order.

delay.py PORT TARGET_PORT MOST_MS
"""

import asyncio
import random
import sys


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, most: float) -> None:
    """Reading goes on while pieces are on their way."""
    loop = asyncio.get_running_loop()
    pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while True:
            due, piece = await pieces.get()
            await asyncio.sleep(due - loop.time())
            if not piece:
                writer.close()
                return
            writer.write(piece)

    delivering = asyncio.create_task(deliver())
    piece = b"-"
    while piece:
        try:
            piece = await reader.read(65_536)
        except OSError:
            piece = b""
        pieces.put_nowait((loop.time() + random.uniform(0, most), piece))
    await delivering


async def main(port: int, target: int, most_ms: float) -> None:
    async def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.close()
            return
        both = (pump(reader, back, most_ms / 1000), pump(there, writer, most_ms / 1000))
        await asyncio.gather(*both)

    server = await asyncio.start_server(joined, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
