"""What a command talks to: the deployment that the environment names, else what runs in the data folder."""

import os
from pathlib import Path

import pytest

from domain.errors import ConfigurationError
from starter.cli.reach import reach
from starter.place import Addresses, Place

HERE = Addresses(
    collector="http://127.0.0.1:1", temporal="127.0.0.1:2", namespace="default", database="/here.db", ui="u"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEGUE_DATA", str(tmp_path))
    return tmp_path


def running(folder: Path, addresses: Addresses = HERE) -> None:
    place = Place(folder)
    place.announce(addresses)


def test_without_settings_it_is_what_runs_in_the_folder(folder: Path) -> None:
    running(folder)
    _, reached = reach(None)
    assert (reached.database, reached.temporal, reached.ui) == ("/here.db", "127.0.0.1:2", "u")


def test_a_deployment_that_the_environment_names_is_meant_whatever_runs_here(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running(folder)
    monkeypatch.setenv("SEGUE_DATABASE", "postgresql://db/segue")
    monkeypatch.setenv("SEGUE_TEMPORAL", "temporal.shop:7233")
    _, reached = reach(None)
    assert (reached.database, reached.temporal, reached.ui) == ("postgresql://db/segue", "temporal.shop:7233", "")


def test_a_folder_that_is_named_is_meant_whatever_the_environment_says(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running(folder)
    monkeypatch.setenv("SEGUE_DATABASE", "postgresql://db/segue")
    assert reach(folder)[1].database == "/here.db"


def test_a_stack_that_runs_on_the_database_of_the_environment_is_that_stack(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running(folder, HERE.model_copy(update={"database": "postgresql://db/segue"}))
    monkeypatch.setenv("SEGUE_DATABASE", "postgresql://db/segue")
    assert reach(None)[1].temporal == "127.0.0.1:2"


def test_where_nothing_runs_the_remedy_is_named(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="start it with `segue up`"):
        reach(None)
    assert not list(folder.iterdir())


def test_what_a_stack_keeps_is_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with Place(tmp_path).occupied():  # a folder that others may read
            (tmp_path / "segue.db").touch()
        assert (tmp_path / "segue.db").stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)
