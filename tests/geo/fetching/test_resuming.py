"""What has come stays for the next try, as long as it is still part of the newest edition."""

import os
import signal
import threading
from dataclasses import replace
from datetime import date, timedelta

import pytest

from auditor.geo.fetching.archive import Caps
from tests.geo.fetching.conftest import AS_OF, OLD, Fetching, MakeDatabase, StartUpdate
from tests.geo.fetching.world import Handler, World, half, half_then_silent, status

LITE = "GeoLite2-Country"
PARTS = [f".{LITE}.part", f".{LITE}.part.json"]


@pytest.fixture(autouse=True)
def offered(world: World, make_database: MakeDatabase) -> bytes:
    return world.offer(LITE, make_database(LITE)).database


@pytest.fixture
def broken_off(world: World, fetching: Fetching, offered: bytes) -> bytes:
    """Leave half an archive, and give the database that is offered."""
    fetching.patience = replace(fetching.patience, retry_for=timedelta())
    world.misbehave("archive", half)
    (fault,) = fetching.faults(LITE)
    assert "127.0.0.1 broke off after 150," in fault
    assert fetching.names() == PARTS
    return offered


def ranges(world: World) -> list[str | None]:
    return [asked.headers.get("Range") for asked in world.asked_for("archive")]


def test_an_update_goes_on_where_the_last_one_broke_off(
    world: World, fetching: Fetching, broken_off: bytes
) -> None:
    come = (fetching.plan.directory / PARTS[0]).stat().st_size
    assert fetching.faults(LITE) == []
    assert fetching.place(LITE).read_bytes() == broken_off
    assert ranges(world) == [None, f"bytes={come}-"]
    assert fetching.names() == [f"{LITE}.mmdb"]


def test_a_server_that_takes_up_nothing_sends_the_whole(
    world: World, fetching: Fetching, broken_off: bytes
) -> None:
    world.ranges = False
    assert fetching.faults(LITE) == []
    assert fetching.place(LITE).read_bytes() == broken_off


def test_without_a_tag_nothing_is_taken_up(world: World, fetching: Fetching, offered: bytes) -> None:
    def untagged_half(handler: Handler) -> None:
        handler.begin(200, len(handler.content), ETag='W/"weak"')
        handler.wfile.write(handler.content[:1000])
        handler.close_connection = True

    world.misbehave("archive", untagged_half)
    assert fetching.faults(LITE) == []
    assert fetching.place(LITE).read_bytes() == offered
    assert ranges(world) == [None, None]


def test_parts_of_another_edition_are_not_taken_up(
    world: World, fetching: Fetching, make_database: MakeDatabase, broken_off: bytes
) -> None:
    newer = world.offer(LITE, make_database(LITE, AS_OF), date(2026, 11, 24)).database
    assert fetching.faults(LITE) == []
    assert fetching.place(LITE).read_bytes() == newer != broken_off
    assert ranges(world) == [None, None]


def test_parts_of_what_we_have_already_are_thrown_away(
    fetching: Fetching, make_database: MakeDatabase, broken_off: bytes
) -> None:
    assert fetching.hold(LITE, make_database(LITE)).read_bytes() == broken_off
    assert not fetching.update(LITE).outcomes[0].changed
    assert fetching.names() == [f"{LITE}.mmdb"]


def test_an_archive_that_had_come_whole_is_not_fetched_again(
    world: World, fetching: Fetching, broken_off: bytes
) -> None:
    (fetching.plan.directory / PARTS[0]).write_bytes(world.editions[LITE].archive)
    assert fetching.faults(LITE) == []
    assert fetching.place(LITE).read_bytes() == broken_off
    assert len(world.asked_for("download")) == 1


@pytest.mark.parametrize("spoil", ["other bytes", "too long", "no archive", "no label", "odd label"])
def test_spoilt_parts_are_thrown_away_and_the_whole_is_fetched(
    world: World, fetching: Fetching, broken_off: bytes, spoil: str
) -> None:
    archive, label = (fetching.plan.directory / name for name in PARTS)
    if spoil == "other bytes":
        archive.write_bytes(bytes(archive.stat().st_size))
    elif spoil == "too long":
        archive.write_bytes(world.editions[LITE].archive * 2)
    elif spoil == "no archive":
        archive.unlink()
    elif spoil == "no label":
        label.unlink()
    else:
        label.write_text('{"md5": 3}')
    assert fetching.faults(LITE) == []
    assert fetching.place(LITE).read_bytes() == broken_off
    assert ranges(world)[-1] in (None, "bytes=0-")
    assert fetching.names() == [f"{LITE}.mmdb"]


def part(handler: Handler, content_range: str, **headers: str) -> None:
    content = handler.content
    handler.say(206, content[len(content) // 2 :], Content_Range=content_range, **headers)


@pytest.mark.parametrize(
    "misdeed",
    [
        status(416),
        lambda handler: part(handler, "bytes 0-10/300850"),
        lambda handler: part(handler, f"bytes {len(handler.content) // 2}-10/5"),
        lambda handler: part(handler, f"bytes {len(handler.content) // 2}-10/*", ETag='"another"'),
        lambda handler: part(handler, "lines 1-2/3"),
    ],
)
def test_a_part_other_than_the_one_that_was_asked_for_is_not_joined(
    world: World, fetching: Fetching, broken_off: bytes, misdeed: object
) -> None:
    world.misbehave("archive", misdeed)  # type: ignore[arg-type]  # mypy does not infer lambdas in a list
    fetching.patience = replace(fetching.patience, retry_for=timedelta(seconds=30))
    assert fetching.faults(LITE) == []
    assert fetching.told == [f"{LITE}: 127.0.0.1 does not go on where it broke off; asking again in 0.01 s"]
    assert ranges(world)[-1] is None
    assert fetching.place(LITE).read_bytes() == broken_off


def test_a_part_that_nobody_asked_for_is_refused(world: World, fetching: Fetching) -> None:
    world.misbehave("archive", lambda handler: part(handler, "bytes 0-10/11"))
    (fault,) = fetching.faults(LITE)
    assert "refused the archive: 206 Partial Content" in fault


def test_an_archive_that_does_not_say_how_long_it_is_is_taken_up_too(
    world: World, fetching: Fetching, offered: bytes
) -> None:
    def half_in_chunks(handler: Handler) -> None:
        content = handler.content[:1000]
        handler.begin(200, None, ETag=handler.etag, Transfer_Encoding="chunked")
        handler.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n800\r\n")
        handler.close_connection = True

    world.misbehave("archive", half_in_chunks)
    assert fetching.faults(LITE) == []
    assert fetching.place(LITE).read_bytes() == offered
    assert ranges(world) == [None, "bytes=1000-"]


@pytest.mark.usefixtures("broken_off")
def test_a_whole_archive_that_grows_beyond_what_one_can_be_is_refused_in_parts_too(
    world: World, fetching: Fetching
) -> None:
    fetching.plan = replace(fetching.plan, caps=Caps(archive=200_000))
    assert fetching.faults(LITE) == [f"{LITE}: 127.0.0.1 sends more than an archive can be"]
    assert len(world.asked_for("archive")) == 2
    assert fetching.names() == []


@pytest.mark.usefixtures("broken_off")
def test_what_nobody_came_back_to_is_cleaned_away(
    world: World, fetching: Fetching, make_database: MakeDatabase
) -> None:
    other = "GeoLite2-City"
    world.offer(other, make_database(other))
    fresh = fetching.plan.directory / f".{LITE}.new"
    fresh.touch()
    for days, left in ((6, [*sorted([*PARTS, fresh.name]), f"{other}.mmdb"]), (8, [f"{other}.mmdb"])):
        then = (AS_OF - timedelta(days=days)).timestamp()
        for name in (*PARTS, fresh.name):
            os.utime(fetching.plan.directory / name, (then, then))
        assert fetching.faults(other) == []
        assert fetching.names() == sorted(left)


def test_a_killed_update_leaves_the_old_edition_and_what_has_come(  # noqa: PLR0913, PLR0917  fixtures
    world: World,
    fetching: Fetching,
    make_database: MakeDatabase,
    offered: bytes,
    end: threading.Event,
    start_update: StartUpdate,
) -> None:
    old = fetching.hold(LITE, make_database(LITE, OLD)).read_bytes()
    world.misbehave("archive", half_then_silent(end))
    killed = start_update("--edition", LITE, "--dir", fetching.plan.directory)
    partial = fetching.plan.directory / PARTS[0]
    while killed.poll() is None and not (partial.exists() and partial.stat().st_size > 100_000):
        end.wait(0.02)
    killed.send_signal(signal.SIGKILL)
    _, said = killed.communicate()
    assert (killed.returncode, said) == (-signal.SIGKILL, "")
    assert fetching.place(LITE).read_bytes() == old
    assert fetching.names() == [*PARTS, f"{LITE}.mmdb"]
    come = partial.stat().st_size
    assert fetching.faults(LITE) == []
    assert fetching.place(LITE).read_bytes() == offered
    assert ranges(world) == [None, f"bytes={come}-"]
    assert fetching.names() == [f"{LITE}.mmdb"]
