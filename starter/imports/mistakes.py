"""The file of mistakes: CSV beside the imported file, one line for each row that was refused. Quotes no row.

Somebody will open it in a spreadsheet, which would run a field that begins like a formula: such a field gets an
apostrophe in front (owasp.org/www-community/attacks/CSV_Injection).
"""

import csv
import os
import stat
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import IO, Final, Self

from domain.errors import ConfigurationError
from starter.imports.rows import Mistake

COLUMNS: Final = ("line", "field", "problem", "remedy")

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_FOREIGN: Final = "{path} is there and no file of mistakes: move it, or name another by --errors"
_HEADER: Final = ",".join(COLUMNS) + "\n"


def path_beside(source: Path | None, kind: str) -> Path:
    """Where mistakes are told if nobody says where: `people.csv.consent.errors.csv`. One file may hold two kinds.

    Args:
        source: the imported file; None: standard input, which has no name.
        kind: name of what is imported.
    """
    return Path(f"{'import' if source is None else source}.{kind}.errors.csv")


class MistakesFile:
    """Appends mistakes. The file is made with the first of them, and is for its owner alone.

    Args:
        path: of a file of mistakes, or of none.
        keep_up_to: the line up to which those in it are of rows that stay refused; later ones are dropped.

    Raises:
        ConfigurationError: something else is there.
    """

    def __init__(self, path: Path, *, keep_up_to: int) -> None:
        self.path = path
        self._file: IO[str] | None = None
        self.written = 0
        kept = _kept(path, keep_up_to)
        if kept is None:
            return
        if len(kept) == 1:
            path.unlink()  # nothing but its header
            return
        self._file = _opened(path, os.O_TRUNC)
        self._file.writelines(kept)
        self._save()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, mistakes: Iterable[Mistake]) -> None:
        """Append mistakes, and have them on disk."""
        lines = [_line(mistake) for mistake in mistakes]
        if not lines:
            return
        if self._file is None:
            self._file = _opened(self.path, os.O_EXCL)
            self._file.write(_HEADER)
        self._file.writelines(lines)
        self.written += len(lines)
        self._save()

    def _save(self) -> None:
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())


def _kept(path: Path, up_to: int) -> list[str] | None:
    """The lines of a file of mistakes that are to stay, its header first; None where there is none."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refused(path, error) from error
    is_file = stat.S_ISREG(os.fstat(handle).st_mode)
    if not is_file:
        os.close(handle)
        raise ConfigurationError(_FOREIGN.format(path=path))
    with os.fdopen(handle, encoding="utf-8", errors="replace", newline="") as file:
        if file.readline() != _HEADER:
            raise ConfigurationError(_FOREIGN.format(path=path))
        kept = (line for line in file if line.endswith("\n") and _number(line) <= up_to)
        return [_HEADER, *kept]


def _number(line: str) -> int:
    first = line.partition(",")[0]
    return int(first) if first.isdecimal() else 0


def _opened(path: Path, how: int) -> IO[str]:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | how, 0o600)
    except OSError as error:
        raise _refused(path, error) from error
    return os.fdopen(handle, "w", encoding="utf-8", newline="")


def _refused(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"cannot write mistakes to {path}: {error.strerror}; name a file by --errors")


def _line(mistake: Mistake) -> str:
    text = StringIO()
    fields = (_harmless(each) for each in (mistake.field, mistake.problem, mistake.remedy))
    csv.writer(text, lineterminator="\n").writerow([mistake.line, *fields])
    return text.getvalue()


def _harmless(field: str) -> str:
    text = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in field)
    return f"'{text}" if text.startswith(_FORMULA) else text
