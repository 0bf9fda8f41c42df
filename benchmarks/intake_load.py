"""A load of its own process: signed deliveries over many kept-open connections, and how long each answer took.

Run by `bench_intake`: ``python -m benchmarks.intake_load PORT PATH SECRET REPORTS CONNECTIONS RATE SEED``. One in ten
deliveries is one that was sent before. RATE 0 is as fast as answers come. Prints JSON.
"""

import asyncio
import hmac
import json
import random
import sys
import time
from collections.abc import Sequence
from typing import Any

WORDS = ("hommes armés vus près de", "attaque du village", "bétail volé à", "barrière sur la route de", "on tire à")
PLACES = ("Bria", "Ippy", "Bambari", "Kaga-Bandoro", "Ndélé", "Obo", "Zemio", "Birao", "Bossangoa", "Bouar")


def deliveries(count: int, path: str, secret: str, seed: int = 1, places: Sequence[str] = PLACES) -> list[bytes]:
    """Whole requests, signed as SMS Gateway for Android signs them, about places the mission knows."""
    dice, stamp = random.Random(seed), str(int(time.time()))
    bodies: list[bytes] = []
    for n in range(count):
        if bodies and dice.random() < 0.1:
            bodies.append(bodies[dice.randrange(max(0, len(bodies) - 500), len(bodies))])
            continue
        event = {
            "deviceId": "d", "event": "sms:received", "id": f"{seed}-{n}", "webhookId": "w",
            "payload": {"messageId": "m", "message": f"{dice.choice(WORDS)} {dice.choice(places)} {n}", "simNumber": 1,
                        "phoneNumber": f"+23670{dice.randrange(20_000):06d}", "receivedAt": None},
        }  # fmt: skip
        bodies.append(json.dumps(event).encode())
    found = []
    for body in bodies:
        signed = hmac.digest(secret.encode(), body + stamp.encode(), "sha256").hex()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nX-Timestamp: {stamp}\r\n"
            f"X-Signature: {signed}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        found.append(head.encode() + body)
    return found


async def one(port: int, mine: list[tuple[float, bytes]], spent: list[float], bad: list[str], start: float) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for due, request in mine:
        wait = start + due - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        begin = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        spent.append(time.perf_counter() - begin)
        if not head.startswith(b"HTTP/1.1 20"):
            bad.append(head[:30].decode())
    writer.close()


async def main(port: int, path: str, secret: str, count: int, connections: int, rate: float, seed: int) -> None:
    requests = deliveries(count, path, secret, seed)
    due = [n / rate if rate else 0.0 for n in range(count)]
    spent: list[float] = []
    bad: list[str] = []
    shares: list[list[tuple[float, bytes]]] = [[] for _ in range(connections)]
    for n, request in enumerate(requests):
        shares[n % connections].append((due[n], request))
    start = time.perf_counter()
    await asyncio.gather(*(one(port, share, spent, bad, start) for share in shares))
    took = time.perf_counter() - start
    spent.sort()
    result: dict[str, Any] = {
        "count": count, "distinct": len(set(requests)), "seconds": took, "bad": len(bad), "first_bad": bad[:1],
        "p50_ms": 1000 * spent[len(spent) // 2], "p99_ms": 1000 * spent[int(len(spent) * 0.99)],
        "worst_ms": 1000 * spent[-1], "cpu": time.process_time(),
    }  # fmt: skip
    print(json.dumps(result))


if __name__ == "__main__":
    asyncio.run(
        main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]), float(sys.argv[6]),
             int(sys.argv[7]))
    )  # fmt: skip
