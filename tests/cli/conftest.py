from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from auditor.cli.main import app

Invoke = Callable[..., Result]
WriteLog = Callable[..., Path]
HEADER = "call_id,account_id,role,relay_ip,started_at,ended_at"
HOME, GERMANY, CHINA, NOWHERE = "192.0.2.1", "198.51.100.1", "192.0.2.225", "203.0.113.161"
SAMPLE = Path("sample_logs")


@pytest.fixture
def invoke() -> Invoke:
    """Run the real command line in this process."""

    def run(*words: object) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words])

    return run


@pytest.fixture
def write_log(tmp_path: Path) -> WriteLog:
    """Write a log of media connections of the account `us`, one for each relay."""

    def write(*relays: str, name: str = "log.csv", day: str = "2020-04-05", role: str = "media") -> Path:
        rows = [
            f"c{number},us,{role},{relay},{day}T10:00:00Z,{day}T10:05:00Z"
            for number, relay in enumerate(relays, start=1)
        ]
        path = tmp_path / name
        path.write_text("\n".join([HEADER, *rows]) + "\n")
        return path

    return write


@pytest.fixture
def evidence(tmp_path: Path) -> list[object]:
    """Give the options that every audit here needs."""
    accounts = tmp_path / "accounts.csv"
    accounts.write_text("account_id,home_region,from,until\nus,US,,\n")
    return [
        "--rules",
        "rules",
        "--geo",
        SAMPLE / "sample-country.mmdb",
        "--documentation-is-public",
        "--accounts",
        accounts,
        "--as-of",
        "2020-04-27T06:00:00Z",
        "--out",
        tmp_path / "run",
    ]
