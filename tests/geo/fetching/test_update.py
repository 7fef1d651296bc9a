"""An edition is fetched whole and sound, or the old one stays; each fault is told."""

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from auditor.errors import GeoError
from auditor.geo.fetching.archive import Caps
from auditor.geo.fetching.transport import Pace
from tests.geo.conftest import WriteDatabase
from tests.geo.fetching.conftest import AS_OF, NEW, OLD, Fetching, MakeDatabase
from tests.geo.fetching.world import (
    AUTHORIZATION,
    KEY,
    SIGNATURE,
    Handler,
    Misdeed,
    World,
    archive_of,
    dripping,
    half,
    half_without_length,
    serving,
    silent,
    status,
)

LITE, PAID = "GeoLite2-Country", "GeoIP2-Country"


@pytest.fixture(autouse=True)
def offered(world: World, make_database: MakeDatabase) -> bytes:
    """Offer a GeoLite edition, and give its database."""
    return world.offer(LITE, make_database(LITE)).database


def test_an_edition_that_is_not_there_is_fetched(world: World, fetching: Fetching, offered: bytes) -> None:
    updated = fetching.update(LITE)
    (outcome,) = updated.outcomes
    assert (outcome.edition, outcome.built_at, outcome.was_built_at) == (LITE, NEW, None)
    assert (outcome.changed, outcome.kept, updated.faults) == (True, None, ())
    assert fetching.place(LITE).read_bytes() == offered
    assert fetching.names() == [f"{LITE}.mmdb"]
    assert [asked.path for asked in world.asked] == [
        f"/geoip/updates/metadata?edition_id={LITE}",
        f"/geoip/databases/{LITE}/download?date=20261120&suffix=tar.gz",
        f"/{LITE}.tar.gz?signature={SIGNATURE}",
    ]


def test_the_key_goes_to_the_server_and_not_where_it_redirects(
    world: World, fetching: Fetching, offered: bytes
) -> None:
    fetching.update(LITE)
    assert fetching.place(LITE).read_bytes() == offered
    sent = {asked.host: asked.headers.get("Authorization") for asked in world.asked}
    assert sent == {
        world.host.removeprefix("http://"): AUTHORIZATION,
        world.storage.removeprefix("http://"): None,
    }


def test_a_server_that_redirects_to_itself_is_given_the_key_again(
    world: World, fetching: Fetching, offered: bytes
) -> None:
    moved = f"{world.host}/mirror/metadata?edition_id={LITE}"
    world.misbehave("metadata", status(307, Location=moved))
    assert fetching.faults(LITE) == []
    assert fetching.place(LITE).read_bytes() == offered


@pytest.mark.parametrize(
    ("edition", "record"),
    [
        ("GeoLite2-ASN", {"autonomous_system_organization": "Example"}),
        ("GeoIP2-Anonymous-IP", {"is_anonymous": True, "is_anonymous_vpn": True}),
        ("GeoIP2-Enterprise", {"country": {"iso_code": "US"}}),
    ],
)
def test_editions_of_every_use_are_fetched(
    world: World,
    fetching: Fetching,
    write_database: WriteDatabase,
    edition: str,
    record: dict[str, object],
) -> None:
    made = write_database({"1.0.0.0/8": record}, name="made", database_type=edition)
    offered = world.offer(edition, made).database
    assert fetching.faults(edition) == []
    assert fetching.place(edition).read_bytes() == offered


def test_an_edition_that_is_there_is_not_fetched_again(world: World, fetching: Fetching) -> None:
    fetching.update(LITE)
    before = fetching.place(LITE).stat()
    (outcome,) = fetching.update(LITE).outcomes
    assert (outcome.changed, outcome.built_at, outcome.was_built_at) == (False, NEW, NEW)
    assert fetching.place(LITE).stat().st_mtime_ns == before.st_mtime_ns
    assert len(world.asked_for("download")) == 1


def test_an_old_geolite_edition_is_replaced_and_nothing_is_left_of_it(
    fetching: Fetching, make_database: MakeDatabase, offered: bytes
) -> None:
    fetching.hold(LITE, make_database(LITE, OLD))
    (outcome,) = fetching.update(LITE).outcomes
    assert (outcome.was_built_at, outcome.built_at, outcome.kept) == (OLD, NEW, None)
    assert fetching.place(LITE).read_bytes() == offered
    assert fetching.names() == [f"{LITE}.mmdb"]


def test_an_old_paid_edition_is_kept_if_the_user_says_so(
    world: World, fetching: Fetching, make_database: MakeDatabase
) -> None:
    old = fetching.hold(PAID, make_database(PAID, OLD)).read_bytes()
    new = world.offer(PAID, make_database(PAID)).database
    fetching.plan = replace(fetching.plan, keep=True)
    (outcome,) = fetching.update(PAID).outcomes
    assert outcome.kept == fetching.plan.directory / f"{PAID}_20261110.mmdb"
    assert outcome.kept.read_bytes() == old
    assert fetching.place(PAID).read_bytes() == new


def test_a_kept_edition_is_never_written_over(
    world: World, fetching: Fetching, make_database: MakeDatabase
) -> None:
    old = fetching.hold(PAID, make_database(PAID, OLD)).read_bytes()
    other = fetching.plan.directory / f"{PAID}_20261110.mmdb"
    other.write_text("another")
    world.offer(PAID, make_database(PAID))
    fetching.plan = replace(fetching.plan, keep=True)
    assert fetching.faults(PAID) == [
        f"{PAID}: {other} is there already, and is another file\n  hint: move it away"
    ]
    assert (fetching.place(PAID).read_bytes(), other.read_text()) == (old, "another")
    assert world.asked_for("download") == []


def test_an_edition_that_is_kept_already_is_left_as_it_is(
    world: World, fetching: Fetching, make_database: MakeDatabase
) -> None:
    old = fetching.hold(PAID, make_database(PAID, OLD)).read_bytes()
    kept = fetching.plan.directory / f"{PAID}_20261110.mmdb"
    kept.write_bytes(old)
    world.offer(PAID, make_database(PAID))
    fetching.plan = replace(fetching.plan, keep=True)
    (outcome,) = fetching.update(PAID).outcomes
    assert (outcome.kept, kept.read_bytes()) == (kept, old)


def test_where_no_link_can_be_made_the_old_edition_is_copied(
    world: World, fetching: Fetching, make_database: MakeDatabase
) -> None:
    old = fetching.hold(PAID, make_database(PAID, OLD)).read_bytes()
    kept = fetching.plan.directory / f"{PAID}_20261110.mmdb"
    kept.symlink_to("nowhere")
    new = world.offer(PAID, make_database(PAID)).database
    fetching.plan = replace(fetching.plan, keep=True)
    assert fetching.faults(PAID) == []
    assert (kept.is_symlink(), kept.read_bytes(), fetching.place(PAID).read_bytes()) == (False, old, new)
    assert fetching.names() == [f"{PAID}.mmdb", kept.name]


REFUSALS = [
    (
        "metadata",
        status(401, b'{"error":"Invalid license key"}'),
        (
            "does not accept the account id and the license key (401 Unauthorized: Invalid license key)\n"
            "  hint: compare them with those of your account; a new key takes some minutes to work"
        ),
    ),
    (
        "download",
        status(403, b"no JSON"),
        "the account may not fetch this edition (403 Forbidden)\n  hint: see which editions your account has",
    ),
    ("metadata", status(404), "the server has no such edition (404 Not Found)\n  hint: did you mean `"),
    (
        "download",
        status(429, b'{"code":"LIMIT_EXCEEDED","error":"Daily GeoIP database download limit reached"}'),
        (
            "fetched too often (429 Too Many Requests: Daily GeoIP database download limit reached)\n"
            "  hint: the number of downloads a day is limited: try again tomorrow"
        ),
    ),
    ("download", status(429, Retry_After="7200"), "hint: try again in 120 minutes"),
    ("download", status(429, Retry_After="90"), "hint: try again in 90 s"),
    ("download", status(429, Retry_After="Thu, 01 Jan 1970 00:00:00 GMT"), "hint: try again in 0 s"),
    ("metadata", status(418), "127.0.0.1 gave no answer to use (418 I'm a Teapot)"),
    ("metadata", status(299), "127.0.0.1 gave no answer to use (299)"),
    ("metadata", status(401, b"[" * 2000), "(401 Unauthorized)"),
    ("metadata", status(401, b'{"error":"\x1b[31m"}'), "(401 Unauthorized)"),
    ("archive", status(403), "the storage at 127.0.0.1 refused the archive: 403 Forbidden"),
    ("metadata", status(200, b"garbage"), "127.0.0.1 gave an answer that names no digest and date"),
    ("metadata", status(200, b"[" * 100_000), "127.0.0.1 gave an answer that names no digest and date"),
    ("metadata", status(200, bytes(2_000_000)), "127.0.0.1 gave an answer that names no digest and date"),
    ("metadata", status(200, b'{"databases": []}'), "127.0.0.1 answered for another edition"),
    ("metadata", lambda handler: handler.metadata(edition_id=PAID), "127.0.0.1 answered for another edition"),
    ("metadata", lambda handler: handler.metadata(md5="../x"), "names no digest and date"),
    ("metadata", lambda handler: handler.metadata(date="20 Nov"), "names no digest and date"),
    ("download", status(302), "127.0.0.1 redirects to no address"),
    ("download", status(302, Location="file:///etc/hostname"), "127.0.0.1 redirects to no address"),
    ("download", status(302, Location="http://[::1"), "127.0.0.1 redirects to no address"),
    ("download", status(302, Location="/with a blank"), "127.0.0.1 redirects to no address"),
    (
        "download",
        status(302, Location="http://example.com/a"),
        "127.0.0.1 redirects to example.com without HTTPS",
    ),
    ("download", status(302, Location="ftp://localhost/a"), "redirects to localhost without HTTPS"),
]


@pytest.mark.parametrize(("kind", "misdeed", "told"), REFUSALS)
def test_what_the_server_refuses_is_told_once_and_the_old_edition_stays(  # noqa: PLR0913, PLR0917  fixtures
    world: World,
    fetching: Fetching,
    make_database: MakeDatabase,
    offered: bytes,
    kind: str,
    misdeed: Misdeed,
    told: str,
) -> None:
    old = fetching.hold(LITE, make_database(LITE, OLD)).read_bytes()
    world.misbehave(kind, misdeed)
    (fault,) = fetching.faults(LITE)
    assert fault.startswith(f"{LITE}: ")
    assert told in fault
    assert fetching.place(LITE).read_bytes() == old != offered
    assert len(world.asked_for(kind)) == 1
    assert fetching.names() == [f"{LITE}.mmdb"]


def test_redirects_in_a_circle_end(world: World, fetching: Fetching) -> None:
    round_again = status(302, Location=f"/geoip/databases/{LITE}/download?again")
    world.misbehave("download", *[round_again] * 20)
    assert fetching.faults(LITE) == [f"{LITE}: 127.0.0.1 redirects too often"]
    assert len(world.asked_for("download")) == 6


@pytest.mark.parametrize("kind", ["metadata", "download", "archive"])
def test_a_server_that_fails_for_a_while_is_asked_again(
    world: World, fetching: Fetching, offered: bytes, kind: str
) -> None:
    world.misbehave(kind, status(500), status(503, Retry_After="0"))
    assert fetching.faults(LITE) == []
    assert fetching.place(LITE).read_bytes() == offered
    assert fetching.told == [
        f"{LITE}: 127.0.0.1 answered 500 Internal Server Error; asking again in 0.01 s",
        f"{LITE}: 127.0.0.1 answered 503 Service Unavailable; asking again in 0.02 s",
    ]


def test_a_server_that_wants_to_be_left_alone_for_longer_than_we_wait_is_left_alone(
    world: World, fetching: Fetching
) -> None:
    world.misbehave("metadata", status(503, Retry_After="60"))
    assert fetching.faults(LITE) == [f"{LITE}: 127.0.0.1 answered 503 Service Unavailable"]
    assert len(world.asked) == 1


def test_asking_again_ends(world: World, fetching: Fetching) -> None:
    fetching.patience = replace(fetching.patience, retry_for=timedelta(seconds=0.1))
    world.misbehave("metadata", *[status(500)] * 50)
    assert fetching.faults(LITE) == [f"{LITE}: 127.0.0.1 answered 500 Internal Server Error"]
    assert 2 <= len(world.asked) <= 5


def test_a_failing_storage_costs_the_account_one_download(
    world: World, fetching: Fetching, offered: bytes
) -> None:
    world.misbehave("archive", status(500), half, status(502), half)
    assert fetching.faults(LITE) == []
    assert fetching.place(LITE).read_bytes() == offered
    assert len(world.asked_for("download")) == 1
    assert len(world.asked_for("archive")) == 5


def test_a_link_to_the_storage_that_runs_out_is_asked_for_anew(
    world: World, fetching: Fetching, offered: bytes
) -> None:
    world.misbehave("archive", half, status(403))
    assert fetching.faults(LITE) == []
    assert fetching.place(LITE).read_bytes() == offered
    assert len(world.asked_for("download")) == 2
    assert world.asked_for("archive")[-1].headers["Range"].startswith("bytes=")


@pytest.mark.parametrize("make", [silent, dripping])
@pytest.mark.parametrize("kind", ["metadata", "archive"])
def test_a_server_that_does_not_answer_in_time_is_given_up(
    world: World,
    fetching: Fetching,
    end: threading.Event,
    make: Callable[[threading.Event], Misdeed],
    kind: str,
) -> None:
    fetching.patience = replace(fetching.patience, retry_for=timedelta(), silence=timedelta(seconds=0.5))
    world.misbehave(kind, make(end))
    assert fetching.faults(LITE) == [
        (
            f"{LITE}: 127.0.0.1 did not answer in time\n"
            "  hint: a firewall or a proxy has to let HTTPS through to 127.0.0.1"
        )
    ]


def test_a_body_that_comes_too_slowly_is_given_up(
    world: World, fetching: Fetching, end: threading.Event
) -> None:
    def trickling(handler: Handler) -> None:
        handler.begin(200, 1000)
        while not end.wait(0.1):
            try:
                handler.wfile.write(b" ")
            except OSError:
                break
        handler.close_connection = True

    fetching.patience = replace(fetching.patience, retry_for=timedelta(), silence=timedelta(seconds=0.5))
    world.misbehave("metadata", trickling)
    assert fetching.faults(LITE) == [f"{LITE}: 127.0.0.1 sends too slowly"]


def test_a_body_is_too_slow_if_too_little_comes_in_any_stretch() -> None:
    pace = Pace(seconds=10, since=100)
    came = [(1, 105), (2558, 109.5), (1, 110), (2559, 120), (2_000_000, 121), (0, 131), (2560, 141)]
    assert [pace.is_too_slow(more, now) for more, now in came] == [
        *(False, False, False),
        True,
        *(False, False),
        False,
    ]


def test_a_server_that_is_not_there_is_named(fetching: Fetching) -> None:
    with serving(World()) as gone:
        pass
    fetching.settings = replace(fetching.settings, host=gone)
    fetching.patience = replace(fetching.patience, retry_for=timedelta())
    (fault,) = fetching.faults(LITE)
    assert fault.startswith(f"{LITE}: the connection to 127.0.0.1 broke: Connection refused")


def test_what_speaks_no_http_is_named(world: World, fetching: Fetching) -> None:
    def other(handler: Handler) -> None:
        handler.wfile.write(b"220 mail.example.com ESMTP\r\n")
        handler.close_connection = True

    fetching.patience = replace(fetching.patience, retry_for=timedelta())
    world.misbehave("metadata", other)
    assert fetching.faults(LITE) == [f"{LITE}: 127.0.0.1 does not answer as HTTP asks: BadStatusLine"]


def test_a_wrong_digest_is_told_and_nothing_is_left(
    world: World, fetching: Fetching, make_database: MakeDatabase, offered: bytes
) -> None:
    old = fetching.hold(LITE, make_database(LITE, OLD)).read_bytes()
    world.misbehave("metadata", lambda handler: handler.metadata(md5="0" * 32))
    (fault,) = fetching.faults(LITE)
    assert fault.startswith(f"{LITE}: the digest of the database is ")
    assert f"and the server's word is {'0' * 32}" in fault
    assert fetching.place(LITE).read_bytes() == old != offered
    assert fetching.names() == [f"{LITE}.mmdb"]
    assert len(world.asked_for("download")) == 1


def test_digests_are_compared_whatever_their_case(world: World, fetching: Fetching, offered: bytes) -> None:
    md5 = world.editions[LITE].md5.upper()
    world.misbehave("metadata", *[lambda handler: handler.metadata(md5=md5)] * 2)
    assert fetching.faults(LITE) == []
    assert not fetching.update(LITE).outcomes[0].changed
    assert fetching.place(LITE).read_bytes() == offered


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"README": b""}, "the archive has no database in it"),
        ({}, "the archive has no database in it"),
        ({"a.mmdb": b"1", "b.mmdb": b"2"}, "the archive has several databases in it"),
        ({"../GeoLite2-Country.mmdb": b"1"}, "the archive names a place outside itself"),
        ({"a/../../b.mmdb": b"1"}, "the archive names a place outside itself"),
        ({"/etc/GeoIP.conf": b"1"}, "the archive names a place outside itself"),
    ],
)
def test_an_archive_with_other_things_in_it_is_refused(
    world: World, fetching: Fetching, members: dict[str, bytes], told: str
) -> None:
    world.editions[LITE].archive = archive_of(members)
    assert fetching.faults(LITE) == [f"{LITE}: {told}"]
    assert (fetching.names(), list(fetching.plan.directory.parent.glob("*.mmdb"))) == ([], [])


def test_what_is_no_archive_is_refused(world: World, fetching: Fetching) -> None:
    world.editions[LITE].archive = b"<html>Please log in</html>"
    assert fetching.faults(LITE) == [f"{LITE}: the archive is damaged or cut off: BadGzipFile"]


def test_an_archive_that_unpacks_to_more_than_a_database_can_be_is_refused(
    world: World, fetching: Fetching, offered: bytes
) -> None:
    fetching.plan = replace(fetching.plan, caps=Caps(archive=100_000, unpacked=1_000_000))
    world.editions[LITE].archive = archive_of({"zeros": bytes(2_000_000), f"{LITE}.mmdb": offered})
    assert len(world.editions[LITE].archive) < 100_000
    assert fetching.faults(LITE) == [f"{LITE}: the archive unpacks to more than a database can be"]
    assert fetching.names() == []


@pytest.mark.parametrize("says_so", [True, False])
def test_an_archive_larger_than_one_can_be_is_refused(
    world: World, fetching: Fetching, *, says_so: bool
) -> None:
    def endless(handler: Handler) -> None:
        handler.begin(200, len(handler.content) if says_so else None, Connection="close")
        handler.wfile.write(handler.content)
        handler.close_connection = True

    fetching.plan = replace(fetching.plan, caps=Caps(archive=200_000))
    world.misbehave("archive", endless)
    assert fetching.faults(LITE) == [f"{LITE}: 127.0.0.1 sends more than an archive can be"]


def test_a_database_of_another_type_is_refused(
    world: World, fetching: Fetching, make_database: MakeDatabase
) -> None:
    old = fetching.hold(LITE, make_database(LITE, OLD)).read_bytes()
    world.offer(LITE, make_database("GeoLite2-City"))
    assert fetching.faults(LITE) == [f"{LITE}: what the server sent is of the type `GeoLite2-City`"]
    assert fetching.place(LITE).read_bytes() == old
    assert fetching.names() == [f"{LITE}.mmdb"]


def test_an_edition_older_than_ours_is_refused(
    world: World, fetching: Fetching, make_database: MakeDatabase
) -> None:
    ours = fetching.hold(LITE, make_database(LITE, NEW)).read_bytes()
    world.offer(LITE, make_database(LITE, OLD))
    (fault,) = fetching.faults(LITE)
    assert f"{LITE}: what the server sent was built on 2026-11-10, before ours of 2026-11-20" in fault
    assert fetching.place(LITE).read_bytes() == ours


def test_what_is_no_database_or_is_from_the_future_is_refused(
    world: World, fetching: Fetching, tmp_path: Path, make_database: MakeDatabase
) -> None:
    text = tmp_path / "text"
    text.write_text("no database")
    world.offer(LITE, text)
    assert f"{LITE}: what the server sent is no whole MaxMind DB" in fetching.faults(LITE)[0]
    world.offer(LITE, make_database(LITE, AS_OF + timedelta(days=2)))
    assert f"{LITE}: what the server sent was built on 2026-11-26" in fetching.faults(LITE)[0]
    assert fetching.names() == []


def test_a_damaged_edition_of_ours_is_replaced(fetching: Fetching, offered: bytes) -> None:
    fetching.plan.directory.mkdir()
    fetching.place(LITE).write_bytes(offered[:100])
    (outcome,) = fetching.update(LITE).outcomes
    assert (outcome.changed, outcome.was_built_at) == (True, None)
    assert fetching.place(LITE).read_bytes() == offered


def test_another_edition_in_the_place_of_ours_is_replaced_however_new(
    fetching: Fetching, make_database: MakeDatabase, offered: bytes
) -> None:
    fetching.hold(LITE, make_database("GeoLite2-City", AS_OF))
    (outcome,) = fetching.update(LITE).outcomes
    assert (outcome.was_built_at, fetching.place(LITE).read_bytes()) == (None, offered)


def test_one_edition_that_fails_does_not_keep_the_others_back(
    world: World, fetching: Fetching, make_database: MakeDatabase, offered: bytes
) -> None:
    new = world.offer(PAID, make_database(PAID)).database
    updated = fetching.update("GeoLite2-None", LITE, "GeoLite2-Nothing", PAID)
    assert [outcome.edition for outcome in updated.outcomes] == [LITE, PAID]
    assert [fault.place for fault in updated.faults] == ["GeoLite2-None", "GeoLite2-Nothing"]
    assert fetching.place(LITE).read_bytes() == offered
    assert fetching.place(PAID).read_bytes() == new


def test_the_time_of_the_server_is_kept_if_the_user_says_so(
    world: World, fetching: Fetching, offered: bytes
) -> None:
    world.misbehave("archive", half)
    fetching.plan = replace(fetching.plan, preserve_file_times=True)
    fetching.update(LITE)
    stamped = datetime.fromtimestamp(fetching.place(LITE).stat().st_mtime, UTC)
    assert (stamped, fetching.place(LITE).read_bytes()) == (datetime(2026, 11, 20, 14, tzinfo=UTC), offered)


def test_a_time_of_the_server_that_is_none_changes_nothing(
    world: World, fetching: Fetching, offered: bytes
) -> None:
    world.misbehave("archive", lambda handler: handler.say(200, handler.content, Last_Modified="soon"))
    fetching.plan = replace(fetching.plan, preserve_file_times=True)
    assert fetching.faults(LITE) == []
    assert fetching.place(LITE).read_bytes() == offered


def test_two_updates_do_not_run_at_once(
    world: World, fetching: Fetching, offered: bytes, end: threading.Event
) -> None:
    world.misbehave("metadata", silent(end))
    first = threading.Thread(target=fetching.update, args=(LITE,))
    first.start()
    while not world.asked:
        first.join(0.01)
    with pytest.raises(GeoError, match="another update is at work"):
        fetching.update(LITE)
    end.set()
    first.join()
    assert fetching.place(LITE).read_bytes() == offered


def test_a_folder_that_cannot_be_is_told(fetching: Fetching, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    fetching.plan = replace(fetching.plan, directory=tmp_path / "file" / "geo")
    with pytest.raises(GeoError, match="cannot be written: Not a directory"):
        fetching.update(LITE)


def test_a_lock_that_cannot_be_is_told(world: World, fetching: Fetching, tmp_path: Path) -> None:
    fetching.settings = replace(fetching.settings, lock_file=tmp_path / "none" / "lock")
    with pytest.raises(GeoError, match="lock: cannot be written: No such file or directory"):
        fetching.update(LITE)
    assert world.asked == []


def test_a_place_that_cannot_be_replaced_is_told(fetching: Fetching) -> None:
    fetching.place(LITE).mkdir(parents=True)
    (fault,) = fetching.faults(LITE)
    assert fault.startswith(f"{LITE}: ")
    assert "cannot be written" in fault


def test_no_secret_is_in_what_is_told_or_left(world: World, fetching: Fetching) -> None:
    echo = f'{{"error":"{"x" * 190}{KEY} {AUTHORIZATION}"}}'.encode()
    for misdeed in (status(401, echo), status(500, echo), status(200, echo)):
        world.misbehave("metadata", misdeed, *[status(500)] * 50)
        fetching.patience = replace(fetching.patience, retry_for=timedelta(seconds=0.1))
        fetching.told += fetching.faults(LITE)
        world.misdeeds["metadata"].clear()
    world.misbehave("archive", half, status(500))
    fetching.told += fetching.faults(LITE)
    fetching.told += map(repr, (fetching.settings, fetching.patience, fetching.plan))
    everything = "\n".join(fetching.told)
    for secret in (KEY, KEY[:8], AUTHORIZATION.removeprefix("Basic ")[:10], SIGNATURE):
        assert secret not in everything
    for path in fetching.plan.directory.iterdir():
        assert KEY.encode() not in path.read_bytes()
        assert SIGNATURE.encode() not in path.read_bytes()


def test_an_archive_that_ends_early_without_saying_how_long_it_is_is_fetched_once_more(
    world: World, fetching: Fetching, offered: bytes
) -> None:
    world.misbehave("archive", half_without_length)
    assert fetching.faults(LITE) == []
    assert fetching.place(LITE).read_bytes() == offered
    world.offer(LITE, fetching.place(LITE), date(2026, 11, 21))
    os.truncate(fetching.place(LITE), 10)
    world.misbehave("archive", half_without_length, half_without_length)
    assert fetching.faults(LITE) == [f"{LITE}: the archive is damaged or cut off: EOFError"]
