"""`auditor geo update`, from the user's side."""

import signal
import threading
from pathlib import Path

import pytest

from tests.geo.fetching.conftest import OLD, MakeDatabase, RunUpdate, StartUpdate
from tests.geo.fetching.world import ACCOUNT, AUTHORIZATION, KEY, World, half_then_silent, silent, status

LITE, PAID = "GeoLite2-Country", "GeoIP2-Country"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "geo"
    path.mkdir()
    return path


def test_editions_are_fetched_and_then_up_to_date(
    world: World, make_database: MakeDatabase, run_update: RunUpdate, directory: Path
) -> None:
    offered = [world.offer(edition, make_database(edition)).database for edition in (LITE, PAID)]
    (directory / f"{PAID}.mmdb").write_bytes(make_database(PAID, OLD).read_bytes())
    words = ("--edition", LITE, "--edition", PAID, "--dir", directory)
    first = run_update(*words)
    assert first.stderr == (
        f"{LITE}: built on 2026-11-20\n{PAID}: built on 2026-11-20, in place of that of 2026-11-10\n"
    )
    second = run_update(*words)
    assert second.stderr == (
        f"{LITE}: up to date, built on 2026-11-20\n{PAID}: up to date, built on 2026-11-20\n"
    )
    quiet = run_update(*words, "--quiet")
    assert quiet.output == ""
    assert [done.exit_code for done in (first, second, quiet)] == [0, 0, 0]
    assert [(directory / f"{edition}.mmdb").read_bytes() for edition in (LITE, PAID)] == offered


def test_all_of_it_can_stand_in_a_file(
    world: World, make_database: MakeDatabase, run_update: RunUpdate, directory: Path, tmp_path: Path
) -> None:
    world.offer(LITE, make_database(LITE))
    conf = tmp_path / "GeoIP.conf"
    conf.write_text(
        f"AccountID {ACCOUNT}\nLicenseKey {KEY}\nEditionIDs {LITE}\nHost {world.host}\n"
        f"DatabaseDirectory {directory}\nSkipPeerVerification 1\n"
    )
    silenced = {f"GEOIPUPDATE_{name}": "" for name in ("ACCOUNT_ID", "LICENSE_KEY", "HOST")}
    done = run_update("--config", conf, **silenced)
    assert done.stderr == (
        f"note: {conf}:6:1: `SkipPeerVerification` is not followed: certificates are always verified\n"
        f"{LITE}: built on 2026-11-20\n"
    )
    assert done.exit_code == 0


def test_what_failed_is_told_at_the_end_and_the_code_is_6(
    world: World, make_database: MakeDatabase, run_update: RunUpdate, directory: Path
) -> None:
    world.offer(LITE, make_database(LITE))
    world.misbehave("metadata", status(403))
    done = run_update("--edition", PAID, "--edition", LITE, "--dir", directory)
    assert done.stderr == (
        f"{LITE}: built on 2026-11-20\n"
        f"error: {PAID}: the account may not fetch this edition (403 Forbidden)\n"
        "  hint: see which editions your account has\n"
    )
    assert done.exit_code == 6


def test_an_old_edition_is_kept_under_its_date(
    world: World, make_database: MakeDatabase, run_update: RunUpdate, directory: Path
) -> None:
    world.offer(PAID, make_database(PAID))
    (directory / f"{PAID}.mmdb").write_bytes(make_database(PAID, OLD).read_bytes())
    done = run_update("--edition", PAID, "--dir", directory, "--keep")
    assert done.stderr == (
        f"{PAID}: built on 2026-11-20, in place of that of 2026-11-10, "
        f"which is kept as {PAID}_20261110.mmdb\n"
    )
    assert sorted(path.name for path in directory.glob("*.mmdb")) == [
        f"{PAID}.mmdb",
        f"{PAID}_20261110.mmdb",
    ]


def test_geolite_editions_are_not_kept(world: World, run_update: RunUpdate, directory: Path) -> None:
    done = run_update("--edition", LITE, "--edition", PAID, "--dir", directory, "--keep")
    assert done.stderr == (
        f"error: --keep {LITE}: the licence of GeoLite editions asks that superseded ones be destroyed\n"
        "  hint: name those to keep: `--edition GeoIP2-City --keep`\n"
    )
    assert (done.exit_code, world.asked) == (2, [])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--edition", "../../etc/x"), "no name of an edition"),
        (("--edition", "GeoIP2-City-CSV"), "is a set of CSV files; the database is `GeoIP2-City`"),
        (("--edition", "GeoIP2-Domain"), "is of no use to an audit"),
        (("--license-key", KEY), "No such option: --license-key"),
        (("--timeout", "0"), "--timeout"),
    ],
)
def test_a_wrong_command_line_is_told(run_update: RunUpdate, words: tuple[str, ...], told: str) -> None:
    done = run_update(*words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in done.stderr


def test_without_settings_the_user_is_told_what_to_set(run_update: RunUpdate) -> None:
    silenced = {f"GEOIPUPDATE_{name}": "" for name in ("ACCOUNT_ID", "LICENSE_KEY")}
    done = run_update(**silenced)
    assert done.exit_code == 6
    assert [line for line in done.stderr.splitlines() if "hint" not in line] == [
        "error: `AccountID` is not set",
        "`LicenseKey` is not set",
        "`EditionIDs` is not set",
    ]


def test_a_silent_server_is_given_up_after_the_timeout(
    world: World, run_update: RunUpdate, directory: Path, end: threading.Event
) -> None:
    world.misbehave("metadata", silent(end))
    done = run_update(*("--edition", LITE, "--dir", directory, "--timeout", "1"), GEOIPUPDATE_RETRY_FOR="0")
    assert done.stderr.startswith(f"error: {LITE}: 127.0.0.1 did not answer in time\n")
    assert done.exit_code == 6


def test_an_interrupted_update_says_that_what_has_come_is_kept(
    world: World,
    make_database: MakeDatabase,
    start_update: StartUpdate,
    directory: Path,
    end: threading.Event,
) -> None:
    world.offer(LITE, make_database(LITE))
    world.misbehave("archive", half_then_silent(end))
    running = start_update("--edition", LITE, "--dir", directory)
    part = directory / f".{LITE}.part"
    while running.poll() is None and not (part.exists() and part.stat().st_size > 100_000):
        end.wait(0.02)
    running.send_signal(signal.SIGTERM)
    assert running.communicate() == (
        "",
        "interrupted; what has come is kept, and the next update goes on from there\n",
    )
    assert running.returncode == 130
    assert part.stat().st_size > 100_000


def test_the_key_is_never_told(world: World, run_update: RunUpdate, directory: Path) -> None:
    echo = f'{{"error": "{KEY} and {AUTHORIZATION}"}}'.encode()
    for misdeed in (status(401, echo), status(200, echo)):
        world.misbehave("metadata", misdeed)
        told = run_update("--edition", LITE, "--dir", directory).output
        assert KEY not in told
        assert AUTHORIZATION.split()[1] not in told
