"""A server under many clients at once, well-meaning and not: is every answer right, is memory flat?

    python benchmarks/serve_load.py --clients 200 --seconds 60

Starts `bunsan serve` on loopback with small models made on the spot, and sends from as many clients
at once completions (whole, streamed), conversations, embeddings, by readers that are slow, that leave
in the middle, that send bodies too large or broken. Every well-formed request must get the answer
that the model gives alone, or be told to come again (429); every other one its own error. Says what
it found, and leaves with 1 if anything was wrong.
"""

import argparse
import asyncio
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bunsan.serve.untrained import make_decoder, make_encoder

OPENINGS = [
    "朝",
    "坂",
    "雨",
    "祖母",
    "最終",
    "The",
    "She",
    "In",
    "船",
    "本",
    "山",
    "梅",
    "駅",
    "a",
    "市場",
    "river",
    "灯台",
    "number",
]
MAX_BODY = 65_536
RSS_SLACK_MB, RSS_SLACK = 24, 1.10  # what memory may grow by after the first third


@dataclass
class Found:
    """What came of the requests so far."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    tokens: int = 0

    def fault(self, what: str) -> None:
        self.counts["FAULT"] += 1
        if len(self.faults) < 20:
            self.faults.append(what)


@dataclass
class Reply:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    reader: asyncio.StreamReader

    async def body(self) -> bytes:
        if self.headers.get("transfer-encoding") == "chunked":
            return b"".join([part async for part in self.chunks()])
        return await self.reader.readexactly(int(self.headers.get("content-length", "0")))

    async def chunks(self, pause: float = 0.0) -> Any:
        while True:
            size = int((await self.reader.readline()).strip() or b"0", 16)
            part = await self.reader.readexactly(size)
            await self.reader.readexactly(2)
            if not size:
                return
            yield part
            if pause:
                await asyncio.sleep(pause)


class Client:
    """One client: a connection a request, as badly mannered as it is told to be."""

    def __init__(self, port: int, number: int, answers: "Answers", found: Found) -> None:
        self.port, self.answers, self.found = port, answers, found
        self.chance = random.Random(number)
        self.deed = (
            self.completion, self.stream, self.stream, self.completion, self.conversation,
            self.embedding, self.slow, self.leaver, self.oversize, self.malformed,
        )[number % 10]  # fmt: skip

    async def run(self, end: float) -> None:
        while time.monotonic() < end:
            try:
                await asyncio.wait_for(self.deed(), 120)
            except TimeoutError:
                self.found.fault(f"{self.deed.__name__}: no answer in 120 s")
            except (OSError, asyncio.IncompleteReadError, ValueError) as error:
                self.found.fault(f"{self.deed.__name__}: {error!r}")

    async def ask(self, path: str, body: bytes) -> tuple[Reply, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        status = int((await reader.readline()).split()[1])
        headers = {}
        while line := (await reader.readline()).strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return Reply(status, headers, reader), writer

    async def right(self, reply: Reply, kind: str) -> bool:
        """Whether it is an answer; 429 is counted, and waited for as told."""
        if reply.status == 200:
            return True
        body = await reply.body()
        if reply.status == 429 and reply.headers.get("retry-after", "").isdigit():
            self.found.counts["429"] += 1
            wait = min(2.0, float(reply.headers["retry-after"]))
            await asyncio.sleep(wait * self.chance.random())
        else:
            self.found.fault(f"{kind}: {reply.status} {body[:200]!r}")
        return False

    def body(self, **more: Any) -> tuple[str, str, bytes]:
        prompt, wanted = self.chance.choice(self.answers.texts)
        body = {"model": "decoder", "prompt": prompt, "max_tokens": self.answers.tokens} | more
        return prompt, wanted, json.dumps(body).encode()

    def check(self, kind: str, prompt: str, got: Any, wanted: Any) -> None:
        if got != wanted:
            self.found.fault(f"{kind}: {prompt!r} got {got!r}, not {wanted!r}")
        else:
            self.found.counts[kind] += 1

    async def completion(self) -> None:
        prompt, wanted, body = self.body(temperature=0)
        begin = time.monotonic()
        reply, writer = await self.ask("/v1/completions", body)
        if await self.right(reply, "completion"):
            answer = json.loads(await reply.body())
            self.found.tokens += answer["usage"]["completion_tokens"]
            self.found.whole.append(time.monotonic() - begin)
            self.check("completion", prompt, answer["choices"][0]["text"], wanted)
        writer.close()

    async def stream(self, kind: str = "stream", pause: float = 0.0, leave: int = -1) -> None:
        prompt, wanted, body = self.body(stream=True)
        begin = time.monotonic()
        reply, writer = await self.ask("/v1/completions", body)
        if await self.right(reply, kind):
            data = b""
            events = 0
            async for part in reply.chunks(pause):
                if not data:
                    self.found.first.append(time.monotonic() - begin)
                data += part
                events += 1
                if events == leave:
                    writer.transport.abort()
                    self.found.counts[kind] += 1
                    return
            lines = data.decode().split("\n\n")  # a character in two events would not decode
            parts = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
            text = "".join(part["choices"][0]["text"] for part in parts)
            if lines[-2] != "data: [DONE]":
                self.found.fault(f"{kind}: ends with {lines[-2]!r}")
            self.check(kind, prompt, text, wanted)
        writer.close()

    async def slow(self) -> None:
        await self.stream("slow reader", pause=0.1)

    async def leaver(self) -> None:
        await self.stream("disconnected", leave=self.chance.randint(1, 5))

    async def conversation(self) -> None:
        prompt, wanted = self.chance.choice(self.answers.talks)
        messages = [{"role": "user", "content": prompt}]
        body = {"model": "decoder", "messages": messages, "max_tokens": self.answers.tokens}
        reply, writer = await self.ask("/v1/chat/completions", json.dumps(body).encode())
        if await self.right(reply, "conversation"):
            answer = json.loads(await reply.body())
            self.check("conversation", prompt, answer["choices"][0]["message"]["content"], wanted)
        writer.close()

    async def embedding(self) -> None:
        some = [
            self.chance.randrange(len(self.answers.texts))
            for _ in range(self.chance.randint(1, 20))
        ]
        texts = [self.answers.texts[i][0] for i in some]
        body = json.dumps({"model": "encoder", "input": texts}).encode()
        reply, writer = await self.ask("/v1/embeddings", body)
        if await self.right(reply, "embedding"):
            answer = json.loads(await reply.body())
            got = np.array([one["embedding"] for one in answer["data"]])
            if np.abs(got - self.answers.vectors[some]).max() > 1e-2:
                self.found.fault(f"embedding: {texts} differ")
            else:
                self.found.counts["embedding"] += 1
        writer.close()

    async def oversize(self) -> None:
        size = self.chance.choice([MAX_BODY + 1, 3 * MAX_BODY])
        body = json.dumps({"model": "decoder", "prompt": "x" * size}).encode()
        await self.refused("oversize", body, 413)

    async def malformed(self) -> None:
        body = self.chance.choice(
            [b"{", b"[]", b"\xff\x00", b'{"model": "decoder"}', b'{"model": "decoder", "prompt": 1.5}',
             b'{"model": "decoder", "prompt": "a", "n": -1}', b"[" * 5000,
             b'{"model": "decoder", "prompt": "\\ud800"}']
        )  # fmt: skip
        await self.refused("malformed", body, 400)

    async def refused(self, kind: str, body: bytes, status: int) -> None:
        reply, writer = await self.ask("/v1/completions", body)
        answer = json.loads(await reply.body())
        self.check(kind, kind, (reply.status, sorted(answer["error"])),
                   (status, ["code", "message", "param", "type"]))  # fmt: skip
        writer.close()
        await asyncio.sleep(0.05)


@dataclass
class Answers:
    """What each prompt's answer is, without a server."""

    texts: list[tuple[str, str]]
    talks: list[tuple[str, str]]
    vectors: Any
    tokens: int


def known_answers(decoder: Path, encoder: Path, tokens: int) -> Answers:
    """By the same models, one prompt at a time."""
    import torch

    from bunsan.tasks.chat_template import PLAIN, PromptFormat
    from bunsan.tasks.complete import open_generator
    from bunsan.tasks.encode import open_encoder

    torch.set_num_threads(1)
    generator = open_generator(decoder)
    prompts = [f"{a}{b}" for a in OPENINGS for b in OPENINGS[:4]]
    texts = [(p, generator.complete(p, max_tokens=tokens).text) for p in prompts]
    talks = []
    for prompt in prompts[::3]:
        asked = PromptFormat(PLAIN).prompt([{"role": "user", "content": prompt}])
        answer = generator.complete(asked, max_tokens=tokens, stop=PLAIN.stop).text
        talks.append((prompt, answer.lstrip()))
    vectors = open_encoder(encoder, precision="float32", threads=1).encode(prompts)
    return Answers(texts, talks, vectors, tokens)


def resident(pid: int) -> float:
    """Megabytes of memory that a process holds."""
    text = Path(f"/proc/{pid}/status").read_text()
    match = re.search(r"VmRSS:\s+(\d+)", text)
    return int(match[1]) / 1024 if match else 0.0


async def attack(
    port: int, pid: int, clients: int, seconds: float, answers: Answers
) -> tuple[Found, list[float]]:
    """All clients for so long; what they found, and the server's memory second by second."""
    found = Found()
    memory: list[float] = []
    end = time.monotonic() + seconds

    async def watch() -> None:
        while time.monotonic() < end:
            await asyncio.sleep(min(1.0, seconds / 12))
            memory.append(resident(pid))

    crowd = [Client(port, i, answers, found).run(end) for i in range(clients)]
    await asyncio.gather(watch(), *crowd)
    return found, memory


async def quiet(port: int) -> dict[str, float]:
    """The server's gauges, once nothing is asked any more."""
    told = {}
    for _ in range(200):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        text = (await reader.read()).decode()
        writer.close()
        names = r'^(bunsan_(?:running|queue)\{model="\w+"\}|bunsan_open_requests) (\S+)$'
        told = {name: float(value) for name, value in re.findall(names, text, re.MULTILINE)}
        # The one who asks is open too.
        if sum(told.values()) <= 1:
            break
        await asyncio.sleep(0.1)
    return told


def run(clients: int, seconds: float, rows: int = 16, queue: int = 64) -> bool:
    """One run; prints what it found. True if nothing was wrong."""
    with tempfile.TemporaryDirectory() as place:
        decoder, encoder = make_decoder(Path(place) / "d"), make_encoder(Path(place) / "e")
        answers = known_answers(decoder, encoder, 24)
        process = subprocess.Popen(
            [sys.executable, "-m", "bunsan", "serve", f"decoder={decoder}", f"encoder={encoder}",
             "--port", "0", "--quiet", "--threads", "1", "--rows", str(rows), "--queue", str(queue),
             "--max-body", str(MAX_BODY / (1 << 20)), "--precision", "float32"],
            stdout=subprocess.PIPE, env=os.environ | {"OMP_NUM_THREADS": "1"}, text=True,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            if not url:
                raise SystemExit("the server did not start")
            port = int(url.rpartition(":")[2])
            found, memory = asyncio.run(attack(port, process.pid, clients, seconds, answers))
            told = asyncio.run(quiet(port))
            process.send_signal(signal.SIGTERM)
            code = process.wait(60)
        finally:
            process.kill()
            process.wait()
    return report(found, memory, told, code, clients, seconds)


def report(
    found: Found,
    memory: list[float],
    told: dict[str, float],
    code: int,
    clients: int,
    seconds: float,
) -> bool:
    """Print it."""
    third = max(1, len(memory) // 3)
    early, late = np.median(memory[third : 2 * third]), np.median(memory[-third:])
    flat = late <= early * RSS_SLACK + (0 if seconds > 30 else RSS_SLACK_MB)
    idle = sum(told.values()) <= 1
    print(f"{clients} clients, {seconds:.0f} s")
    for kind, count in sorted(found.counts.items()):
        print(f"  {kind:14} {count:7,}")
    for name, values in (("first token", found.first), ("completion", found.whole)):
        if values:
            p50, p99 = np.percentile(values, [50, 99])
            print(f"  {name}: median {p50:.2f} s, 99 % {p99:.2f} s")
    print(f"  memory (MB): start {memory[0]:.0f}, second third {early:.0f}, last third {late:.0f}, "
          f"most {max(memory):.0f}")  # fmt: skip
    print(f"  after: {told}, exit code {code}")
    for fault in found.faults:
        print("  FAULT", fault)
    # A well-formed request of every kind was answered, not only refused.
    kinds = {"completion", "stream", "conversation", "embedding", "slow reader", "disconnected"}
    missing = sorted(kinds - set(found.counts)) if clients >= 10 else []
    if missing:
        print("  never answered:", ", ".join(missing))
    good = not found.faults and flat and idle and code == 0 and not missing
    print("good" if good else "NOT GOOD")
    return good


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rows", type=int, default=16)
    parser.add_argument("--queue", type=int, default=64)
    given = parser.parse_args()
    sys.exit(0 if run(given.clients, given.seconds, given.rows, given.queue) else 1)


if __name__ == "__main__":
    main()
