"""A server that runs for a test, databases to offer, and an update as the command makes it."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from auditor.cli.main import app
from auditor.geo.fetching.archive import Caps
from auditor.geo.fetching.edition import Plan
from auditor.geo.fetching.patience import Patience
from auditor.geo.fetching.secret import Secret
from auditor.geo.fetching.settings import Settings
from auditor.geo.fetching.update import Updated, update
from tests.geo.conftest import WriteDatabase
from tests.geo.fetching.world import ACCOUNT, KEY, World, serving
from tests.geo.records import country

AS_OF = datetime(2026, 11, 24, tzinfo=UTC)
OLD, NEW = datetime(2026, 11, 10, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)

MakeDatabase = Callable[..., Path]
RunUpdate = Callable[..., Result]
StartUpdate = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def make_database(write_database: WriteDatabase) -> MakeDatabase:
    """Make a database of a type, built at a time; it lies where no update looks."""

    def make(database_type: str, built_at: datetime = NEW) -> Path:
        name = f"{database_type}-{built_at:%Y%m%d%H}.made"
        return write_database(
            {"1.0.0.0/8": country("US"), "2.0.0.0/8": country("FR")},
            name=name,
            database_type=database_type,
            built_at=built_at,
        )

    return make


@pytest.fixture
def world() -> Iterator[World]:
    """Serve a world without editions, and its storage at another address."""
    world = World()
    with serving(world) as host, serving(world) as storage:
        world.host, world.storage = host, storage
        yield world


@pytest.fixture
def end() -> Iterator[threading.Event]:
    """Give what ends the silence of a server, at the end of the test at the latest."""
    event = threading.Event()
    yield event
    event.set()


@dataclass(slots=True)
class Fetching:
    """Updates with settings that a test changes, and what they told."""

    settings: Settings
    plan: Plan
    patience: Patience
    told: list[str] = field(default_factory=list)

    def update(self, *editions: str) -> Updated:
        return update(replace(self.settings, editions=editions), self.plan, self.patience, self.told.append)

    def faults(self, *editions: str) -> list[str]:
        return [str(fault) for fault in self.update(*editions).faults]

    def place(self, edition: str) -> Path:
        return self.plan.directory / f"{edition}.mmdb"

    def hold(self, edition: str, database: Path) -> Path:
        """Have an edition from before."""
        self.plan.directory.mkdir(exist_ok=True)
        self.place(edition).write_bytes(database.read_bytes())
        return self.place(edition)

    def names(self) -> list[str]:
        """List the folder, without the lock."""
        return sorted(path.name for path in self.plan.directory.iterdir() if path.suffix != ".lock")


@pytest.fixture
def fetching(world: World, tmp_path: Path) -> Fetching:
    directory = tmp_path / "geo"
    return Fetching(
        Settings(
            account_id=ACCOUNT,
            license_key=Secret(KEY),
            editions=(),
            directory=directory,
            host=world.host,
            proxy=None,
            lock_file=directory / ".geoipupdate.lock",
            preserve_file_times=False,
            retry_for=timedelta(seconds=1),
            notes=(),
        ),
        Plan(directory, keep=False, preserve_file_times=False, as_of=AS_OF, caps=Caps()),
        Patience(
            retry_for=timedelta(seconds=30),
            silence=timedelta(seconds=20),
            first_pause=timedelta(milliseconds=10),
        ),
    )


@pytest.fixture
def environment(world: World, tmp_path: Path) -> dict[str, str]:
    """Give an environment that names the server and the key, and no other setting, nor a proxy."""
    conf = tmp_path / "empty.conf"
    conf.touch()
    usual = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GEOIPUPDATE_") and not name.lower().endswith("_proxy")
    }
    return {
        **usual,
        "GEOIPUPDATE_CONF_FILE": str(conf),
        "GEOIPUPDATE_ACCOUNT_ID": str(ACCOUNT),
        "GEOIPUPDATE_LICENSE_KEY": KEY,
        "GEOIPUPDATE_HOST": world.host,
        "GEOIPUPDATE_RETRY_FOR": "30s",
    }


@pytest.fixture
def run_update(environment: dict[str, str]) -> RunUpdate:
    """Run the real command in this process, with changes of the environment."""

    def run(*words: object, **changes: str) -> Result:
        without = dict.fromkeys(os.environ.keys() - environment.keys())
        invoked = ["geo", "update", *map(str, words)]
        return CliRunner().invoke(app, invoked, env={**without, **environment, **changes})

    return run


@pytest.fixture
def start_update(environment: dict[str, str]) -> StartUpdate:
    """Start the real command in a process of its own, with changes of the environment."""

    def start(*words: object, **changes: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "auditor", "geo", "update", *map(str, words)],
            env={**environment, **changes},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start
