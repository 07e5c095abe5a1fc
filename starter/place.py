"""A data folder: where the embedded stack keeps its state, and how other commands find a running one."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from domain.errors import ConfigurationError
from domain.model import Value


class Identity(Value):
    """What a stack keeps secret. Made at the first start, kept for good: links in mails stay valid."""

    secret: str
    write_key: str


class Addresses(Value):
    """Where a running stack answers."""

    collector: str
    temporal: str
    namespace: str
    database: str
    ui: str = ""
    codec: str = ""
    """Of the codec server, without its token; where payloads are encrypted, and Temporal is embedded."""
    inbox: str = ""
    smtp: str = ""
    """The inbox's mail server, for `segue send-test`."""
    metrics: str = ""
    """Of `/metrics`, where it is served."""
    pace: float = 1.0


class Place:
    """One data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.database = f"sqlite+aiosqlite:///{self.folder / 'segue.db'}"
        self.temporal = self.folder / "temporal.db"
        self.temporal_log = self.folder / "temporal.log"
        self.mails = self.folder / "inbox"
        self._identity = self.folder / "identity.json"
        self._addresses = self.folder / "addresses.json"

    @contextmanager
    def occupied(self) -> Iterator[None]:
        """Hold the folder for one stack.

        Raises:
            ConfigurationError: another stack holds it, or it cannot be written.
        """
        # It holds addresses and mails: for its owner only, also where the folder was there before. What is started
        # from here, such as Temporal's server, makes its files so, too.
        os.umask(0o077)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = (self.folder / "lock").open("w")
        except OSError as error:
            raise ConfigurationError(f"--data {self.folder}: cannot be written ({error.strerror})") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ConfigurationError(
                    f"--data {self.folder}: another `segue up` runs there; stop it, or choose another folder"
                ) from None
            try:
                yield
            finally:
                self._addresses.unlink(missing_ok=True)

    def identity(self) -> Identity:
        """The stack's secrets, made when there are none."""
        if not self._identity.exists():
            made = Identity(secret=secrets.token_urlsafe(32), write_key=f"wk_{secrets.token_urlsafe(18)}")
            write_private(self._identity, made.model_dump_json())
        return Identity.model_validate_json(self._identity.read_text())

    def announce(self, addresses: Addresses) -> None:
        """Let other commands find the stack."""
        write_private(self._addresses, addresses.model_dump_json(indent=1))

    def addresses(self) -> Addresses | None:
        """Where the stack of this folder answers; None when none runs here."""
        try:
            return Addresses.model_validate_json(self._addresses.read_text())
        except (OSError, ValidationError):
            return None

    def known_identity(self) -> Identity | None:
        """The stack's secrets, if it ever ran."""
        return self.identity() if self._identity.exists() else None


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone may read, whole or not at all."""
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    draft.replace(path)
