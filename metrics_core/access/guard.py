"""The guard: who may read and who may change, by where the server listens, where the caller comes from, and keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from metrics_core.access.keys import SHORTEST, KeyRing
from metrics_core.errors import ForbiddenError, NotAllowedError
from metrics_core.settings import Settings, is_loopback


@dataclass(frozen=True, slots=True)
class Knock:
    """What is known of whoever stands at the door."""

    server: str | None = None
    """The address of ours that was called; a name instead of an address when the call came from inside this process."""
    client: str | None = None
    """The address it came from."""
    host: str | None = None
    """The name we were called by, with its port: the Host header."""
    origin: str | None = None
    """The page that calls, when a browser does: the Origin header."""
    forwarded: bool = False
    """A proxy passed it on."""
    key: str | None = None
    """The key that was shown."""


class Guard:
    """On loopback everything is open until a key is set; anywhere else reading is open and every change needs a key.
    Where people sign in, nothing is open: whoever shows no key has to."""

    def __init__(self, settings: Settings, keys: KeyRing | None = None) -> None:
        self._bind = settings.bind_host
        self._loopback = settings.on_loopback
        self._keys = KeyRing(settings.api_keys) if keys is None else keys
        self.sign_in = settings.sign_in
        self._origins = frozenset(_plain(origin) for origin in settings.cors_origin)
        self._hosts = frozenset(host for origin in self._origins if (host := _host_of(origin)))

    def may_read(self, knock: Knock) -> None:
        """ForbiddenError for a page elsewhere that reaches this machine under a name of its own (DNS rebinding)."""
        # Where people sign in, a name leads to nothing: what is asked without a key or a ticket is refused anyway.
        if not self._loopback or self.sign_in or self._inside(knock) or self._keys.name_of(knock.key):
            return
        name = _name_of(knock.host)
        if name and not is_loopback(name) and not _is_address(name) and _plain_host(knock.host) not in self._hosts:
            message = (
                f"This server listens on {self._bind} and was called {name[:80]!r}. If that is its public name, "
                f"put its address into CORS_ORIGIN, for example CORS_ORIGIN=https://{name[:80]}."
            )
            raise ForbiddenError(message)

    def may_connect(self, knock: Knock) -> None:
        """As `may_read`, and no page of another address may open a socket: browsers do not check that by themselves."""
        self.may_read(knock)
        if not self.is_welcome(knock, anyone=True):
            raise ForbiddenError(_foreign(knock))

    def may_change(self, knock: Knock) -> str:
        """The caller's name, for limits and logs, when it may send and change; ForbiddenError or NotAllowedError if not."""
        self.may_read(knock)
        name = self._keys.name_of(knock.key)
        if not self.is_welcome(knock, anyone=name is not None):
            raise ForbiddenError(_foreign(knock))
        if name is not None:
            return name
        if self.sign_in:
            raise NotAllowedError(_WRONG_KEY if knock.key else _SIGN_IN)
        if len(self._keys):
            raise NotAllowedError(_WRONG_KEY if knock.key else _NO_KEY)
        why = self.why_closed()
        if why is not None:
            raise ForbiddenError(why)
        if not self._is_local(knock):
            raise ForbiddenError(_PASSED_ON)
        return knock.client or "this process"

    def comes_by_key(self, knock: Knock) -> None:
        """ForbiddenError for a page elsewhere that shows a key, unless CORS_ORIGIN welcomes it."""
        if not self.is_welcome(knock, anyone=True):
            raise ForbiddenError(_foreign(knock))

    def is_welcome(self, knock: Knock, *, anyone: bool) -> bool:
        """Whether a calling page is ours or one of CORS_ORIGIN; with `anyone`, its `*` counts too."""
        if knock.origin is None:
            return True
        origin = _plain(knock.origin)
        if origin in self._origins or (anyone and "*" in self._origins):
            return True
        page, host = _host_of(origin), _plain_host(knock.host)
        return page is not None and (page == host or (_port(page) == _port(host) and _both_loopback(page, host)))

    def holds(self, word: str | None) -> bool:
        """Whether this word is one of the keys: for pages, where a person types it."""
        return self._keys.name_of(word) is not None

    @property
    def needs_key(self) -> bool:
        """Whether a change needs a key, for pages; see `why_closed` for when no key can be had."""
        return bool(len(self._keys)) or self.sign_in or not self._loopback

    def why_closed(self) -> str | None:
        """Why nobody may change anything here, as a sentence that says what to set; None when somebody may."""
        if self._loopback or self.sign_in or len(self._keys):
            return None
        return (
            f"Sending and changing are closed: this server listens on {self._bind}, where others can reach it, and "
            "no key is set. Set API_KEYS to a long random key and send it along, or listen on 127.0.0.1."
        )

    def opening(self) -> Iterator[str]:
        """What is open to whom, for the start-up log."""
        where = "this machine" if self._loopback else f"everyone who can reach {self._bind}"
        yield f"Who signs in sees what their role allows, at {where}." if self.sign_in else f"Reading is open to {where}."
        if self.sign_in:
            yield "Whoever does not needs a link to what was shared with them, or a key."
        elif self._keys:
            yield f"Sending, the simulator, clearing and every other change need one of {len(self._keys)} keys (API_KEYS)."
        else:
            yield self.why_closed() or (
                "Sending, the simulator, clearing and every other change are open to this machine. "
                "Behind a proxy, set API_KEYS."
            )
        if self._keys.short:
            yield f"{self._keys.short} of the keys have fewer than {SHORTEST} characters and are easy to guess."
        if self._origins:
            yield f"Web pages of {', '.join(sorted(self._origins))} may call the API (CORS_ORIGIN)."

    def _is_local(self, knock: Knock) -> bool:
        if self._inside(knock):
            return True
        return is_loopback(knock.server) and is_loopback(_name_of(knock.host)) and not knock.forwarded

    @staticmethod
    def _inside(knock: Knock) -> bool:
        return knock.server is not None and not _is_address(knock.server) and not knock.forwarded


_NO_KEY = "This needs a key. Send one of API_KEYS as `Authorization: Bearer KEY` or `X-API-Key: KEY`."
_WRONG_KEY = "The key that was sent is not one of API_KEYS, nor one that was made on the Admin page and has not ended."
_SIGN_IN = "Sign in to see this, or send a key as `Authorization: Bearer KEY` or `X-API-Key: KEY`."
_PASSED_ON = (
    "This server is open to its own machine only, and this request came from elsewhere or through a proxy. "
    "Set API_KEYS to a long random key and send it along."
)


def _foreign(knock: Knock) -> str:
    origin = (knock.origin or "")[:80]
    return f"Pages of {origin!r} may not do this. Add that address to CORS_ORIGIN if they should."


def _plain(origin: str) -> str:
    return origin.strip().rstrip("/").lower()


def _host_of(origin: str) -> str | None:
    _, scheme, rest = origin.partition("://")
    return _plain_host(rest.partition("/")[0]) or None if scheme else None


def _plain_host(host: str | None) -> str:
    """A host with its port, but for the ports that go without saying."""
    name = (host or "").strip().lower().rpartition("@")[2]
    return name.removesuffix(":80").removesuffix(":443") if not name.endswith("]") else name


def _port(host: str | None) -> str:
    tail = (host or "").rpartition("]")[2]
    return tail.rpartition(":")[2] if ":" in tail else ""


def _name_of(host: str | None) -> str:
    """A host without its port."""
    name = _plain_host(host)
    return name.rpartition(":")[0] if _port(name) else name


def _both_loopback(one: str | None, other: str | None) -> bool:
    return is_loopback(_name_of(one)) and is_loopback(_name_of(other))


def _is_address(name: str) -> bool:
    try:
        ip_address(name.strip("[]").partition("%")[0])
    except ValueError:
        return False
    return True
