"""Who asks: write keys, from the environment and from the database. Only their hashes are kept."""

import asyncio
import base64
import binascii
import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

import structlog

from domain.clock import Clock
from domain.errors import ConfigurationError, PermanentError, SegueError
from domain.event import Event
from domain.model import Value
from domain.visitor import Visitors
from domain.write_key import SHORTEST, Scope, WriteKey, hash_key
from starter.collector.rates import Rates
from storage import write_keys
from storage.database import Database

FRESH_FOR: Final = 5.0
"""Seconds for which the database's keys are remembered, and so at most that a revoked one goes on."""

MISSED_AFTER: Final = 1.0
"""Seconds after which an unknown key makes us look again: a new key works soon, and strangers cost no more."""

CONFIGURED: Final = frozenset({Scope.EVENTS, Scope.READ})
"""What the keys of SEGUE_WRITE_KEYS may do. One for browsers is always in the database, by which it can be revoked."""

REPORTING: Final = (Scope.EVENTS, Scope.BROWSER)
"""A key of either may report events."""

_HASHED: Final = "sha256:"
_HEXADECIMAL: Final = re.compile(r"[0-9a-f]{64}")

_log = structlog.get_logger("segue.keys")


class WrongKeyError(PermanentError):
    """The write key is missing, or none of ours."""


class WrongScopeError(PermanentError):
    """The write key is one of ours, and was not made for this."""


class Caller(Value):
    """Whoever sent a request, as their key tells."""

    key: str
    """The key's id; of one from the environment the beginning of its hash. Never the key."""
    scopes: frozenset[Scope]

    @property
    def is_browser(self) -> bool:
        """Whether anybody may have the key, and what it reports is trusted with little."""
        return Scope.EVENTS not in self.scopes

    def require(self, *scopes: Scope) -> None:
        """Make sure that the key has one of these scopes.

        Raises:
            WrongScopeError: it has none of them.
        """
        if self.scopes.isdisjoint(scopes):
            wanted, has = (" or ".join(sorted(each)) for each in (scopes, self.scopes))
            raise WrongScopeError(f"this write key is for {has}, and this takes one for {wanted}: `segue keys create`")


class WriteKeys:
    """Knows the keys, and what each may do.

    Args:
        configured: keys of the environment, or `sha256:` and the hash of one; they have the scopes `CONFIGURED`.
            Several let a new one be handed out before the old one is withdrawn.
        visitors: admits what is reported with a browser's key.
        rates: counts the requests of each key.
        database: where further keys are; None: nowhere.
        clock: product time, for when a key was used last.

    Raises:
        ConfigurationError: a key is too short, or what follows `sha256:` is no hash.
    """

    def __init__(
        self,
        configured: Sequence[str],
        visitors: Visitors,
        rates: Rates,
        *,
        database: Database | None = None,
        clock: Clock,
    ) -> None:
        hashes = [_read(entry) for entry in configured if entry]
        self._configured = {each: Caller(key=f"env-{each[:8]}", scopes=CONFIGURED) for each in hashes}
        self._visitors, self._rates = visitors, rates
        self._database, self._clock = database, clock
        self._stored: Mapping[str, WriteKey] = {}
        self._read_at = -math.inf
        self._looking: asyncio.Task[None] | None = None
        self._noting: asyncio.Task[None] | None = None
        self._used: set[str] = set()

    async def by_header(self, authorization: str | None) -> Caller | None:
        """Who it is by HTTP Basic, where the key is the user name and the password stays empty, or by Bearer.

        Returns:
            None where there is no header of that kind, and the body must tell; so it must where the token is none of
            ours, for Segment's clients can send one of OAuth beside the key.

        Raises:
            WrongKeyError: it holds another key.
        """
        scheme, _, credentials = (authorization or "").partition(" ")
        if scheme.lower() == "bearer":
            with suppress(WrongKeyError):
                return await self.require(credentials.strip())
        return await self.require(_user(credentials)) if scheme.lower() == "basic" else None

    async def by_body(self, body: Mapping[str, Any]) -> Caller:
        """Who it is by the `writeKey` of a body: what Segment's browser libraries send, which cannot set headers.

        Raises:
            WrongKeyError: it is missing, or another.
        """
        return await self.require(body.get("writeKey"))

    async def require(self, key: object) -> Caller:
        """Who has this key. The request is counted.

        Raises (by_header and by_body, too):
            WrongKeyError: it is none, or none of ours.
            TooManyError: it was used too often.
            UnavailableError: the database is away.
        """
        if not isinstance(key, str) or not key:
            raise WrongKeyError("no write key: send it as the user name of HTTP Basic, or as writeKey in the body")
        digest = hash_key(key)
        # Looked up, not compared in constant time: what a hash's first letters are helps nobody to find its key.
        found = self._configured.get(digest) or await self._find_stored(digest)
        if found is None:
            raise WrongKeyError("the write key is not one of this collector's: `segue keys list` shows which there are")
        self._rates.of_key(found.key)
        return found

    def admit(self, caller: Caller, event: Event, path: str = "") -> Event:
        """The event as this caller may report it.

        Raises:
            NotAllowedError: the key may not say this; names the field.
        """
        return self._visitors.admit(event, path) if caller.is_browser else event

    async def _find_stored(self, digest: str) -> Caller | None:
        if self._database is None:
            return None
        bearable = FRESH_FOR if digest in self._stored else MISSED_AFTER
        if asyncio.get_running_loop().time() - self._read_at > bearable:
            # One look for all who wait: where the database is slow to say that it is away, nobody queues for it.
            if self._looking is None:
                self._looking = asyncio.create_task(self._look(self._database), name="write keys")
                self._looking.add_done_callback(_heard)
            await asyncio.shield(self._looking)
        found = self._stored.get(digest)
        if found is None:
            return None
        self._used.add(found.id)
        return Caller(key=found.id, scopes=found.scopes)

    async def _look(self, database: Database) -> None:
        """Read the keys, and have it written down which of them were used: nobody is kept waiting for that."""
        try:
            async with database.read() as session:
                self._stored = await write_keys.WriteKeys(session).valid()
            self._read_at = asyncio.get_running_loop().time()
        finally:
            self._looking = None
        if self._noting is not None:
            return
        now, used = self._clock.now(), self._used
        self._used = set()
        fresh = {key.id for key in self._stored.values() if not _is_stale(key, now)}
        stale = used - fresh
        if stale:
            self._noting = asyncio.create_task(self._note(database, stale, now), name="write keys in use")
            self._noting.add_done_callback(_heard)

    async def _note(self, database: Database, stale: set[str], now: datetime) -> None:
        try:
            async with database.transaction() as session:
                await write_keys.WriteKeys(session).note_use(stale, now)
        except SegueError as error:
            _log.warning("that a key was used could not be written down", why=str(error))
        finally:
            self._noting = None


def _read(entry: str) -> str:
    """The hash of a key of the environment."""
    if not entry.startswith(_HASHED):
        if len(entry) < SHORTEST:
            raise ConfigurationError(
                f"SEGUE_WRITE_KEYS: one of its keys is shorter than {SHORTEST} characters, and could be guessed: take "
                "one of `openssl rand -hex 32`, or leave it out and make keys with `segue keys create`"
            )
        return hash_key(entry)
    digest = entry.removeprefix(_HASHED).lower()
    if not _HEXADECIMAL.fullmatch(digest):
        raise ConfigurationError(
            f"SEGUE_WRITE_KEYS: after {_HASHED} give the 64 hexadecimal digits that `printf %s KEY | sha256sum` prints"
        )
    return digest


def _heard(task: "asyncio.Task[None]") -> None:
    """Take a failure for heard: whoever waited for it may have hung up."""
    if not task.cancelled():
        task.exception()


def _is_stale(key: WriteKey, now: datetime) -> bool:
    return key.last_used_at is None or key.last_used_at <= now - write_keys.USED_AGAIN_AFTER


def _user(credentials: str) -> str:
    try:
        decoded = base64.b64decode(credentials.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise WrongKeyError("the Authorization header is not valid HTTP Basic") from None
    return decoded.partition(":")[0]
