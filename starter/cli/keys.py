"""`segue keys`: who may report events, and ask about coupons."""

import re
from datetime import datetime
from json import dumps
from pathlib import Path
from typing import Annotated, Any

import cyclopts
from cyclopts import Parameter
from rich.console import Console

from domain.errors import ConfigurationError
from domain.write_key import Scope, WriteKey
from starter.cli.reach import AsJson, Data, connected
from starter.cli.tables import show
from starter.place import write_private
from storage.write_keys import WriteKeys

app = cyclopts.App(name="keys", help="Make, list and revoke the keys that backends and web pages report with.")

_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,100}")
_notes = Console(stderr=True, soft_wrap=True, highlight=False)


@app.command
async def create(
    name: str,
    /,
    *,
    scope: Annotated[
        list[Scope] | None,
        Parameter(help="events: a backend's; browser: a web page's; read: asks about coupons. May be repeated."),
    ] = None,
    key_file: Annotated[Path | None, Parameter(help="Write the key to this file, and not to the screen.")] = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Make a key, and show it this once: only its hash is kept.

    A browser's key stands in a web page, where anybody can read it. It reports what visitors do; consent, mail events
    and another address for a known customer are left to backends.
    """
    scopes = frozenset(scope or ())
    if not scopes:
        raise ConfigurationError("--scope: say what the key is for: events, browser or read")
    if Scope.BROWSER in scopes and len(scopes) > 1:
        raise ConfigurationError("--scope browser: such a key is public, and can be nothing else: make another one")
    if not _NAME.fullmatch(name) or not name.strip():
        raise ConfigurationError("give the key a name of up to 100 characters, such as the backend's that has it")
    if key_file is not None and key_file.exists():
        raise ConfigurationError(f"--key-file {key_file}: is there already; name a new file")
    async with connected(data) as found, found.database.transaction() as session:
        made, key = await WriteKeys(session).create(name, scopes, found.clock.now())
        if key_file is not None:
            _write(key_file, key)  # before the commit: a key that nobody ever saw is not kept
    if json:
        print(dumps(_row(made, json=True) | ({} if key_file else {"key": key}), indent=2, ensure_ascii=False))
    elif key_file is None:
        print(key)
    _notes.print(f"{made.id}, for {_of(made)}." + ("" if key_file else " The key is not shown again."))


@app.command(name="list")
async def list_keys(*, data: Data = None, json: AsJson = False) -> None:
    """List the keys of the database, revoked ones too. Those of SEGUE_WRITE_KEYS are not among them."""
    async with connected(data) as found, found.database.read() as session:
        keys = await WriteKeys(session).list()
    show(
        [_row(key, json=json) for key in keys],
        as_json=json,
        empty="There is no key in the database: `segue keys create NAME --scope events` makes one.",
    )


@app.command
async def revoke(key_id: str, /, *, data: Data = None) -> None:
    """Revoke a key. Every collector refuses it within seconds; what it reported stays."""
    async with connected(data) as found, found.database.transaction() as session:
        revoked = await WriteKeys(session).revoke(key_id, found.clock.now())
    _notes.print(f"{revoked.id} ({revoked.name}) is revoked since {_shown(revoked.revoked_at)}.")


def _write(path: Path, key: str) -> None:
    try:
        write_private(path, f"{key}\n")
    except OSError as error:
        raise ConfigurationError(f"--key-file {path}: cannot be written ({error.strerror})") from error


def _row(key: WriteKey, *, json: bool) -> dict[str, Any]:
    if json:
        return key.model_dump(mode="json") | {"scopes": sorted(key.scopes)}
    return {
        "id": key.id,
        "name": key.name,
        "scopes": _of(key),
        "created": key.created_at,
        "last_used": key.last_used_at,
        "revoked": key.revoked_at,
    }


def _of(key: WriteKey) -> str:
    return ", ".join(sorted(key.scopes))


def _shown(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "never"
