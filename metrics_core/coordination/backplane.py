"""The backplane, which is Redis: messages to all replicas, and what is kept for seconds. It may go away at any time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from metrics_core.clock import Clock
from metrics_core.errors import PulseboardError, SettingError
from metrics_core.health import DEGRADED, OK, Part
from metrics_core.logs import log
from metrics_core.model.instant import Instant, iso

ANSWER_SECONDS = 0.3
"""So long is waited for an answer; after one that did not come, nobody waits until Redis is known to be back."""
LOOK_SECONDS = 1.0
"""How often it is looked whether it is still there, or back."""

NOT_SET = Part(OK, "Not set: answers are kept in memory, and what others write is noticed through the database.")

Heard = Callable[[str, bytes], None]


class Backplane:
    """A connection that mends itself, on threads of its own: nobody who says something waits for it."""

    def __init__(self, url: str, clock: Clock, *, heard: Heard, moved: Callable[[], None] = lambda: None) -> None:
        """`heard` is given every message with its topic, `moved` is called when Redis went away or came back."""
        self._url = url
        self._clock = clock
        self._heard = heard
        self._moved = moved
        self._client = self._connection()
        self._space = ""
        self._name_it: Callable[[], str] = str
        self._lock = threading.Condition()
        self._saying: dict[tuple[str, str], bytes] = {}
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self.up = False
        self.away_since: Instant | None = None

    def start(self, space: Callable[[], str]) -> None:
        """Be there for the replicas of one installation, whose name may not be known before the database answers."""
        if self._threads:
            return
        self._name_it = space
        self._stopping.clear()
        self._threads = [
            threading.Thread(target=work, name=name, daemon=True)
            for work, name in ((self._listen, "redis listener"), (self._speak, "redis speaker"))
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        with self._lock:
            self._lock.notify_all()
        for thread in self._threads:
            thread.join(timeout=5)
        self._threads.clear()
        self.up = False
        self._client.close()

    def part(self) -> Part:
        """Its condition, for the report."""
        if self.up:
            return Part(OK, "Redis answers: replicas hear of each other at once.")
        since = "is not reached yet" if self.away_since is None else f"has not answered since {iso(self.away_since)}"
        return Part(
            DEGRADED, f"Redis {since}. Until it does, replicas notice each other through the database, and answers are kept "
            "in memory.",
        )  # fmt: skip

    def say(self, topic: str, about: str, data: bytes) -> None:
        """Tell the others, and ourselves. Of two that wait about the same, the newer is said; while it is away, none."""
        if not self.up:
            return
        with self._lock:
            self._saying[topic, about] = data
            self._lock.notify_all()

    # --------------------------------------------------------------------------------------------------- a shared cache

    def get(self, key: str) -> bytes | None:
        found = self._asked(lambda: self._client.get(self._key(key)))
        return bytes(found) if found is not None else None

    def put(self, key: str, value: bytes, *, seconds: float) -> None:
        self._asked(lambda: self._client.set(self._key(key), value, px=max(1, int(seconds * 1_000))))

    def drop(self, pattern: str) -> None:
        """Forget what has such a key; `*` stands for anything."""

        def dropped() -> None:
            for key in self._client.scan_iter(self._key(pattern), count=500):
                self._client.unlink(key)

        self._asked(dropped)

    def _key(self, name: str) -> str:
        return f"pulseboard:{self._space}:kept:{name}"

    def _asked(self, ask: Callable[[], Any]) -> Any:
        if not self.up:
            return None
        try:
            return ask()
        except redis.RedisError as error:
            self._left(error)
            return None

    # ------------------------------------------------------------------------------------------------------- its threads

    def _connection(self, *, listens: bool = False) -> redis.Redis:
        try:
            return redis.Redis.from_url(
                self._url, socket_connect_timeout=ANSWER_SECONDS, socket_timeout=5.0 if listens else ANSWER_SECONDS,
                retry=Retry(NoBackoff(), 0),
            )  # fmt: skip
        except ValueError:
            msg = "REDIS_URL cannot be read. Write it as redis://:password@host:6379/0, or rediss:// for TLS."
            raise SettingError(msg) from None

    def _channel(self, topic: str) -> str:
        return f"pulseboard:{self._space}:{topic}"

    def _listen(self) -> None:
        while not self._stopping.is_set() and not self._space:
            try:
                self._space = self._name_it()
            except PulseboardError:
                self._stopping.wait(LOOK_SECONDS)
        before = len(self._channel(""))
        while not self._stopping.is_set():
            client = self._connection(listens=True)
            try:
                with client.pubsub() as line:  # type: ignore[no-untyped-call]
                    line.psubscribe(self._channel("*"))
                    self._hear(line, before)
            except (redis.RedisError, OSError) as error:
                self._left(error)
            finally:
                with suppress(redis.RedisError, OSError):
                    client.close()
            self._stopping.wait(LOOK_SECONDS / 2)

    def _hear(self, line: Any, before: int) -> None:
        """Until it breaks off, or does not answer any more."""
        subscribed = False
        while not self._stopping.is_set() and (self.up or not subscribed):
            message = line.get_message(timeout=LOOK_SECONDS)
            if message is None:
                if not subscribed:
                    return
            elif message["type"] == "psubscribe":
                subscribed = True
                self._came()
            elif message["type"] == "pmessage":
                try:
                    self._heard(message["channel"].decode()[before:], message["data"])
                except Exception as error:
                    # What others say must not make us deaf: it is logged, and the next message is heard.
                    log(__name__).error("a message was not understood", exc_info=error)

    def _speak(self) -> None:
        while not self._stopping.is_set():
            with self._lock:
                if not self._saying:
                    self._lock.wait(LOOK_SECONDS)
                saying, self._saying = self._saying, {}
            if not self.up:
                continue
            try:
                with self._client.pipeline(transaction=False) as line:
                    for (topic, _), data in saying.items():
                        line.publish(self._channel(topic), data)
                    line.ping()
                    line.execute()
            except redis.RedisError as error:
                self._left(error)

    def _came(self) -> None:
        if not self.up:
            if self.away_since is not None:
                log(__name__).info("redis answers again")
            self.up, self.away_since = True, None
            self._moved()

    def _left(self, error: Exception) -> None:
        if self.up or self.away_since is None:
            self.up, self.away_since = False, self.away_since or self._clock.now()
            log(__name__).warning("redis does not answer", why=type(error).__name__)
            self._moved()
