"""The hub: hands each message to every reader that wants it; a slow reader skips to the newest."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from threading import Lock
from types import TracebackType
from typing import TypeAlias

from metrics_core.errors import BusyError

Channel: TypeAlias = tuple[str, str]
"""A topic and the view of the data it shows: ("metrics", "real")."""

BEAT_SECONDS = 5.0
"""Nobody waits longer than this for a message: what is newest is sent again."""

_SLICE = 256


class Message:
    """One message, encoded once: `text` for sockets, `frame` for event streams."""

    __slots__ = ("_frame", "data", "text", "topic")

    def __init__(self, topic: str, data: bytes) -> None:
        self.topic = topic
        self.data = data
        self.text = data.decode()
        self._frame: bytes | None = None

    @property
    def frame(self) -> bytes:
        if self._frame is None:
            self._frame = b"data: " + self.data + b"\n\n"
        return self._frame


class Subscription:
    """One reader's topics. `next()` gives the newest message of a topic it has not had yet, or None once the hub closed."""

    __slots__ = ("_hub", "_lines", "_seen", "_turn", "_waiter", "door")

    def __init__(self, hub: Hub, lines: tuple[_Line, ...], door: str) -> None:
        self.door = door
        self._hub = hub
        self._lines = lines
        self._seen = [0] * len(lines)
        self._turn = 0
        self._waiter: asyncio.Future[None] | None = None

    async def next(self) -> Message | None:
        while True:
            message = self.at_hand()
            if message is not None:
                return message
            if self._hub.closed:
                return None
            self._waiter = self._hub.loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None

    def at_hand(self) -> Message | None:
        """What `next` would give without waiting, None when it would wait."""
        # The topics take turns, so that a busy one never keeps a quiet one from its reader.
        for step in range(len(self._lines)):
            number = (self._turn + step) % len(self._lines)
            line, seen = self._lines[number], self._seen[number]
            if line.version != seen and line.message is not None:
                self._seen[number] = line.version
                self._turn = number + 1
                self._hub.sent += 1
                if seen:
                    self._hub.skipped += line.version - seen - 1
                return line.message
        return None

    def wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def close(self) -> None:
        self._hub.leave(self)

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple(line.channel[0] for line in self._lines)

    @property
    def lines(self) -> tuple[_Line, ...]:
        return self._lines


class _Line:
    """What is newest of one channel, and who reads it."""

    __slots__ = ("channel", "filling", "message", "readers", "sent_at", "version")

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.version = 0
        self.message: Message | None = None
        self.sent_at = 0.0
        self.filling = False
        self.readers: dict[Subscription, None] = {}


class Hub:
    """Messages in from any thread, out to the readers of one event loop. It keeps one message a channel, and no backlog."""

    def __init__(self, limit: int = 10_000) -> None:
        self.limit = limit
        self.closed = False
        self.sent = 0
        self.skipped = 0
        self.refused = 0
        self._lines: dict[Channel, _Line] = {}
        self._readers: set[Subscription] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = Lock()
        self._pending: dict[Channel, bytes] = {}
        self._scheduled = False

    def open(self) -> None:
        """Take readers on the running event loop (again, after `close`)."""
        self.closed = False
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            with self._lock:
                self._loop, self._scheduled = loop, False
                self._pending.clear()
            self._lines.clear()
            self._readers.clear()

    def subscribe(self, topics: Iterable[str], view: str = "real", *, door: str = "inside") -> Subscription:
        """A new reader of these topics; BusyError when there are as many as may be, or when the hub is closed."""
        self.has_room()
        lines = tuple(self._lines.setdefault((topic, view), _Line((topic, view))) for topic in dict.fromkeys(topics))
        reader = Subscription(self, lines, door)
        for line in lines:
            line.readers[reader] = None
        self._readers.add(reader)
        return reader

    def has_room(self) -> None:
        """BusyError when one more reader would be refused."""
        if self.closed:
            self.refused += 1
            message = "The server is stopping. Connect again in a moment."
            raise BusyError(message, retry_after=2)
        if self._loop is not asyncio.get_running_loop():
            self.open()
        if len(self._readers) >= self.limit:
            self.refused += 1
            message = f"The live feed has {self.limit} readers, which is all it takes. Try again later."
            raise BusyError(message, retry_after=30)

    def leave(self, reader: Subscription) -> None:
        """Forget a reader; a channel that nobody reads any more is not kept."""
        if reader not in self._readers:
            return
        self._readers.discard(reader)
        for line in reader.lines:
            line.readers.pop(reader, None)
            if not line.readers:
                self._lines.pop(line.channel, None)

    def publish(self, topic: str, view: str, data: bytes) -> None:
        """Hand a message to the readers of its topic and view, from any thread. Without readers it is dropped."""
        loop = self._loop
        if loop is None or (topic, view) not in self._lines:
            return
        with self._lock:
            self._pending[topic, view] = data
            if self._scheduled:
                return
            self._scheduled = True
        try:
            loop.call_soon_threadsafe(self._deliver)
        except RuntimeError:  # the loop is gone, and its readers with it
            with self._lock:
                self._scheduled = False

    def wanted(self) -> set[Channel]:
        """The channels somebody reads: nothing else needs to be made."""
        return set(self._lines)

    async def fill(self, topic: str, view: str, make: Callable[[], Awaitable[bytes]]) -> None:
        """Make the first message of a channel that has none yet, once however many readers come at the same time."""
        line = self._lines.get((topic, view))
        if line is None or line.message is not None or line.filling:
            return
        line.filling = True
        try:
            data = await make()
        finally:
            line.filling = False
        if line.message is None:  # otherwise a newer one was published meanwhile
            self._send(line, Message(topic, data))

    async def run(self) -> None:
        """Send what is newest again to those who would otherwise hear nothing for five seconds."""
        while not self.closed:
            await asyncio.sleep(BEAT_SECONDS / 10)
            due = self.loop.time() - BEAT_SECONDS * 0.8
            for line in list(self._lines.values()):
                if line.message is not None and line.sent_at < due:
                    self._send(line, line.message)

    def close(self) -> None:
        """Let everybody go: each reader's `next()` gives None. Called on the loop's thread."""
        self.closed = True
        for line in list(self._lines.values()):
            for reader in list(line.readers):
                reader.wake()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self.open()
        assert self._loop is not None
        return self._loop

    def counts(self) -> dict[str, object]:
        """For the report: who reads what through which door, and what was sent."""
        topics = Counter[str]()
        for (topic, _), line in list(self._lines.items()):
            topics[topic] += len(line.readers)
        return {
            "readers": len(self._readers), "limit": self.limit,
            "by_topic": dict(topics), "by_door": dict(Counter(reader.door for reader in self._readers.copy())),
            "sent": self.sent, "skipped": self.skipped, "refused": self.refused,
        }

    def _deliver(self) -> None:
        with self._lock:
            pending, self._pending = self._pending, {}
            self._scheduled = False
        for channel, data in pending.items():
            line = self._lines.get(channel)
            if line is not None:
                self._send(line, Message(channel[0], data))

    def _send(self, line: _Line, message: Message) -> None:
        line.message = message
        line.version += 1
        line.sent_at = self.loop.time()
        self._wake(list(line.readers), 0)

    def _wake(self, readers: list[Subscription], start: int) -> None:
        # In slices, so that between them the loop serves everybody else: five thousand writes in a row would not.
        for reader in readers[start : start + _SLICE]:
            reader.wake()
        if start + _SLICE < len(readers):
            self.loop.call_soon(self._wake, readers, start + _SLICE)
