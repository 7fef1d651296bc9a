"""Settings are read as MaxMind's own program reads them; what is wrong in them is told without a secret."""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import GeoError
from auditor.geo.fetching.secret import Secret
from auditor.geo.fetching.settings import (
    RETRY_FOR,
    SERVER,
    Options,
    Settings,
    configured_directory,
    load_settings,
)
from auditor.geo.fetching.words import duration_of, editions_of, host_of, license_key_of, proxy_of
from auditor.geo.fetching.written import CONF_FILE, FILE_VARIABLES, VARIABLES, Word
from auditor.geo.fields import NotReadableError
from auditor.geo.standard_places import STANDARD_PLACES

KEY = "s3cretKey_0123456789"
NEEDED = f"AccountID 42\nLicenseKey {KEY}\nEditionIDs GeoLite2-Country GeoLite2-ASN\n"
NOTHING: Mapping[str, str] = {}


def load(
    path: Path, text: str, environ: Mapping[str, str] = NOTHING, options: Options | None = None
) -> Settings:
    path.write_text(text, encoding="utf-8")
    given_options = options or Options()
    return load_settings(
        Options(given_options.config or path, given_options.directory, given_options.editions), environ, ()
    )


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    return tmp_path / "GeoIP.conf"


def faults_of(path: Path, text: str, environ: Mapping[str, str] = NOTHING) -> list[str]:
    with pytest.raises(GeoError) as caught:
        load(path, text, environ)
    assert KEY not in str(caught.value)
    return [str(fault).replace(str(path), "conf") for fault in caught.value.faults]


def test_a_file_says_what_to_fetch_and_with_what(conf: Path) -> None:
    settings = load(
        conf,
        "# a comment\n\n  AccountID\t42  \r\nLicenseKey "
        + KEY
        + "\nEditionIDs  GeoLite2-Country\tGeoIP2-City GeoLite2-Country\nDatabaseDirectory /srv/geo ip\n"
        "Host mirror.example.com/maxmind/\nProxy proxy.example.com\nProxyUserPassword me:pass:word@\n"
        "PreserveFileTimes 1\nLockFile /run/geo.lock\nRetryFor 1m30s\n",
    )
    assert (settings.account_id, settings.license_key.reveal()) == (42, KEY)
    assert settings.editions == ("GeoLite2-Country", "GeoIP2-City")
    assert (settings.directory, settings.lock_file) == (Path("/srv/geo ip"), Path("/run/geo.lock"))
    assert settings.host == "https://mirror.example.com/maxmind"
    assert settings.proxy is not None
    assert settings.proxy.reveal() == "http://me:pass%3Aword%40@proxy.example.com:1080"
    assert (settings.preserve_file_times, settings.retry_for) == (True, timedelta(seconds=90))
    assert settings.notes == ()


def test_what_is_not_said_is_as_usual(conf: Path) -> None:
    settings = load(conf, NEEDED)
    places = [Path(place) for place in STANDARD_PLACES]
    assert settings.directory == next((place for place in places if place.is_dir()), places[0])
    assert settings.lock_file == settings.directory / ".geoipupdate.lock"
    assert (settings.host, settings.proxy, settings.retry_for) == (SERVER, None, RETRY_FOR)
    assert not settings.preserve_file_times


def test_old_words_are_read(conf: Path) -> None:
    settings = load(conf, f"UserId 42\nLicenseKey {KEY}\nProductIds GeoLite2-Country\n")
    assert (settings.account_id, settings.editions) == (42, ("GeoLite2-Country",))


def test_the_environment_goes_before_the_file_and_options_before_both(conf: Path, tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text(f"\n{KEY}-2\n")
    number = tmp_path / "account"
    number.write_text("44\n")
    environ = {
        "GEOIPUPDATE_ACCOUNT_ID": "43",
        "GEOIPUPDATE_ACCOUNT_ID_FILE": str(number),
        "GEOIPUPDATE_LICENSE_KEY": "other",
        "GEOIPUPDATE_LICENSE_KEY_FILE": str(secret),
        "GEOIPUPDATE_EDITION_IDS": "GeoIP2-City",
        "GEOIPUPDATE_DB_DIR": "/srv/env",
        "GEOIPUPDATE_HOST": "http://localhost:8080",
        "GEOIPUPDATE_PROXY": "http://u:p@[::1]:3128",
        "GEOIPUPDATE_PROXY_USER_PASSWORD": "not:this",
        "GEOIPUPDATE_PRESERVE_FILE_TIMES": "0",
        "GEOIPUPDATE_LOCK_FILE": "/run/env.lock",
        "GEOIPUPDATE_RETRY_FOR": "0",
        "GEOIPUPDATE_PARALLELISM": "",
    }
    text = NEEDED + "Host example.com\nPreserveFileTimes 1\nRetryFor 1h\nDatabaseDirectory /srv/file\n"
    settings = load(conf, text, environ)
    assert (settings.account_id, settings.license_key.reveal()) == (44, f"{KEY}-2")
    assert (settings.editions, settings.directory) == (("GeoIP2-City",), Path("/srv/env"))
    assert (settings.host, settings.lock_file) == ("http://localhost:8080", Path("/run/env.lock"))
    assert settings.proxy is not None
    assert settings.proxy.reveal() == "http://u:p@[::1]:3128"
    assert (settings.preserve_file_times, settings.retry_for) == (False, timedelta())
    options = Options(directory=Path("here"), editions=("GeoLite2-ASN",))
    settings = load(conf, text, environ, options)
    assert (settings.editions, settings.directory) == (("GeoLite2-ASN",), Path("here"))


def test_the_file_is_that_of_the_option_else_of_the_variable_else_the_first_that_is_there(
    tmp_path: Path,
) -> None:
    paths = [tmp_path / name for name in ("option", "variable", "first", "second")]
    for number, path in enumerate(paths, start=1):
        path.write_text(NEEDED.replace("42", str(number)))
    option, variable, first, second = map(str, paths)
    standard = (str(tmp_path / "none"), first, second)
    environ = {"GEOIPUPDATE_CONF_FILE": variable}
    assert load_settings(Options(config=Path(option)), environ, standard).account_id == 1
    assert load_settings(Options(), environ, standard).account_id == 2
    assert load_settings(Options(), {}, standard).account_id == 3


def test_all_faults_are_told_at_once_with_their_places(conf: Path) -> None:
    faults = faults_of(
        conf,
        f"AccountID {KEY}\nLicenceKey {KEY}\n{KEY}\nEditionIDs\nHost a b\nHost c\nProxy socks5://p\n"
        "PreserveFileTimes yes\nRetryFor 5\nParallelism 0\nProxyUserPassword nobody\nLockFile a\n",
    )
    account = "hint: take the account id and a license key from your account at MaxMind"
    assert faults == [
        "`LicenseKey` is not set\n  hint: write it into `GeoIP.conf`, or set GEOIPUPDATE_LICENSE_KEY_FILE",
        (
            "`EditionIDs` is not set\n"
            "  hint: write `EditionIDs GeoLite2-Country` into `GeoIP.conf`, or give `--edition`"
        ),
        f"conf:1:1: AccountID: is no number\n  {account}",
        "conf:2:1: unknown key\n  hint: did you mean `LicenseKey`?",
        (
            "conf:3:1: unknown key\n"
            "  hint: known: AccountID, LicenseKey, EditionIDs, DatabaseDirectory, Host, Proxy, "
            "ProxyUserPassword, PreserveFileTimes, LockFile, RetryFor, Parallelism"
        ),
        "conf:4:1: `EditionIDs` has no value\n  hint: write `EditionIDs`, a blank, and the value",
        "conf:5:1: Host: is no address of a server\n  hint: a name, with a port where it needs one",
        "conf:6:1: `Host` is there twice\n  hint: it stands in conf:5:1: Host too",
        "conf:7:1: Proxy: proxies of the kind `socks5` are not spoken\n  hint: `http://` is",
        "conf:8:1: PreserveFileTimes: `yes` is neither 0 nor 1",
        "conf:9:1: RetryFor: `5` is no duration\n  hint: such as `5m`, `90s` or `1h30m`",
        "conf:10:1: Parallelism: `0` is no number from 1 to 16",
        "conf:11:1: ProxyUserPassword: is no name and password with a colon between them",
    ]


def test_an_old_word_beside_the_new_one_is_a_fault(conf: Path) -> None:
    assert faults_of(conf, NEEDED + "UserId 43\n") == [
        "conf:4:1: `AccountID` is there twice\n  hint: it stands in conf:1:1: AccountID too"
    ]


@pytest.mark.parametrize("account", ["0", "999999", "000000"])
def test_placeholders_are_refused(conf: Path, account: str) -> None:
    text = f"AccountID {account}\nLicenseKey 000000000000\nEditionIDs GeoLite2-Country\n"
    faults = faults_of(conf, text)
    assert [fault.split("\n")[0] for fault in faults] == [
        f"conf:1:1: AccountID: `{account}` is a placeholder",
        "conf:2:1: LicenseKey: `000000000000` is a placeholder",
    ]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(GeoError, match="none: cannot be read: No such file or directory"):
        load_settings(Options(config=tmp_path / "none"), {}, ())


def test_a_standard_file_that_cannot_be_looked_for_is_named() -> None:
    with pytest.raises(GeoError, match="cannot be read: File name too long"):
        load_settings(Options(), {}, ("a" * 5000,))


def test_what_can_be_no_path_is_a_fault(conf: Path) -> None:
    faults = faults_of(conf, NEEDED + "DatabaseDirectory a\0b\nLockFile \0\n")
    assert faults == ["conf:4:1: DatabaseDirectory: is no path", "conf:5:1: LockFile: is no path"]


def test_a_variable_that_names_an_empty_file_or_none_is_told(conf: Path, tmp_path: Path) -> None:
    environ = {
        "GEOIPUPDATE_ACCOUNT_ID_FILE": str(tmp_path / "none"),
        "GEOIPUPDATE_LICENSE_KEY_FILE": os.devnull,
    }
    (tmp_path / "empty").touch()
    first = faults_of(conf, NEEDED, environ)
    second = faults_of(conf, NEEDED, {"GEOIPUPDATE_LICENSE_KEY_FILE": str(tmp_path / "empty")})
    assert first[0].startswith("GEOIPUPDATE_ACCOUNT_ID_FILE: ")
    assert first[1].startswith(f"GEOIPUPDATE_LICENSE_KEY_FILE: {os.devnull}: is no file")
    assert second == [f"GEOIPUPDATE_LICENSE_KEY_FILE: {tmp_path / 'empty'}: is empty"]


def test_what_is_not_followed_is_told(conf: Path) -> None:
    environ = {
        "GEOIPUPDATE_FREQUENCY": "24",
        "GEOIPUPDATE_VERBOSE": "1",
        "GEOIPUPDATE_LICENCE_KEY": KEY,
        "GEOIPUPDATE_CONF_FILE": str(conf),
    }
    text = NEEDED + "Protocol https\nSkipPeerVerification 1\nSkipHostnameVerification 1\nParallelism 4\n"
    text = text.replace("GeoLite2-ASN", "GeoIP2-Domain")
    settings = load(conf, text, environ)
    assert settings.editions == ("GeoLite2-Country",)
    assert [str(note).replace(str(conf), "conf") for note in settings.notes] == [
        "conf:4:1: `Protocol` is not followed: the server is always asked over HTTPS",
        "conf:5:1: `SkipPeerVerification` is not followed: certificates are always verified",
        "conf:6:1: `SkipHostnameVerification` is not followed: certificates are always verified",
        "GEOIPUPDATE_FREQUENCY: is not followed: an update runs once: leave repeating it to a scheduler",
        (
            "GEOIPUPDATE_LICENCE_KEY: is unknown, and not followed\n"
            "  hint: did you mean `GEOIPUPDATE_LICENSE_KEY`?"
        ),
        "GEOIPUPDATE_VERBOSE: is not followed: each step is told unless --quiet is given",
        "`Parallelism` is not followed: editions are fetched one after another",
        "GeoIP2-Domain: is not fetched: an audit makes no use of it\n  hint: leave it to geoipupdate",
    ]


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("updates.example.com", "https://updates.example.com"),
        ("updates.example.com:8443/", "https://updates.example.com:8443"),
        ("https://example.com/a/b/", "https://example.com/a/b"),
        ("HTTPS://example.com", "https://example.com"),
        ("http://127.0.0.1:80", "http://127.0.0.1:80"),
        ("http://[::1]", "http://[::1]"),
        ("http://localhost", "http://localhost"),
    ],
)
def test_a_host_is_asked_over_https_save_on_this_machine(written: str, host: str) -> None:
    assert host_of(written) == host


@pytest.mark.parametrize(
    "written",
    [
        "http://updates.maxmind.com",
        "http://10.0.0.1",
        "http://localhost.example.com",
        "http://127.0.0.1@example.com",
        f"https://me:{KEY}@example.com",
        "https://example.com?a=b",
        "https://example.com#a",
        "ftp://example.com",
        "file:///etc/passwd",
        "https://",
        "example.com:port",
        "example.com:0",
        "example.com:99999",
        "bücher.example",
        "a\tb",
        "https://[::1",
    ],
)
def test_any_other_host_is_refused(written: str) -> None:
    with pytest.raises(NotReadableError) as caught:
        host_of(written)
    assert KEY not in f"{caught.value.text} {caught.value.hint}"


def test_a_user_in_the_proxy_goes_before_the_one_beside_it() -> None:
    beside = Secret("b:c")
    assert proxy_of("p", None).reveal() == "http://p:1080"
    assert proxy_of("p:3128", beside).reveal() == "http://b:c@p:3128"
    assert proxy_of("http://a:d@p", beside).reveal() == "http://a:d@p:1080"


@pytest.mark.parametrize("written", ["https://p", "socks5://p", "p:port", "", "p q"])
def test_proxies_that_are_not_spoken_are_refused(written: str) -> None:
    with pytest.raises(NotReadableError):
        proxy_of(written, None)


@pytest.mark.parametrize(
    "written",
    ["../etc", "GeoLite2_City", "-a", "GeoIP2-", "GeoIP2--b", "GeoLite2-City.mmdb", "GeoIP-é", "106"],
)
def test_no_edition_leads_out_of_the_folder(written: str) -> None:
    with pytest.raises(NotReadableError, match="no name of an edition"):
        editions_of(written)


def test_csv_editions_are_no_databases() -> None:
    with pytest.raises(NotReadableError) as caught:
        editions_of("GeoLite2-City-CSV")
    assert caught.value.hint == "the database is `GeoLite2-City`"


@pytest.mark.parametrize("written", ["a b", "a\x00b", "a\x1bb"])
def test_a_license_key_has_no_blanks(written: str) -> None:
    with pytest.raises(NotReadableError):
        license_key_of(written)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("0", 0),
        ("0s", 0),
        ("5m", 300),
        ("1h30m", 5400),
        ("1.5s", 1.5),
        (".5s", 0.5),
        ("250ms", 0.25),
        ("3us", 3e-6),
    ],
)
def test_durations_are_read(written: str, seconds: float) -> None:
    assert duration_of(written).total_seconds() == seconds


@pytest.mark.parametrize("written", ["5", "-5m", "m", "5 m", "5m ", "1d", "", ".s", "25h", "5m5", "1e3s"])
def test_other_durations_are_refused(written: str) -> None:
    with pytest.raises(NotReadableError):
        duration_of(written)


LINES = st.lists(
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["", KEY, f"{KEY} ", *(f"{word} " for word in Word), "Protocol ", "#", "UserId\t"]),
        st.text(max_size=5),
        st.sampled_from(["", KEY, f" {KEY}", f"{KEY[:-1]} x"]),
        st.text(max_size=5),
    )
)


@given(lines=LINES)
def test_no_fault_and_no_note_shows_a_key_wherever_it_stands(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    conf = tmp_path_factory.mktemp("conf") / "GeoIP.conf"
    try:
        settings = load(conf, "\n".join(lines))
    except GeoError as error:
        told = str(error)
    else:
        told = "\n".join(map(str, settings.notes))
    assert KEY[:-1] not in told


def test_whoever_looks_for_databases_is_told_where_they_are_put(conf: Path) -> None:
    conf.write_text(f"LicenseKey {KEY}\nNonsense\nDatabaseDirectory /srv/geo\n")
    assert configured_directory({}, (str(conf),)) == Path("/srv/geo")
    assert configured_directory({"GEOIPUPDATE_CONF_FILE": str(conf)}, ()) == Path("/srv/geo")
    assert configured_directory({"GEOIPUPDATE_DB_DIR": "/srv/other"}, (str(conf),)) == Path("/srv/other")
    assert configured_directory({}, ()) is None
    assert configured_directory({}, (str(conf) + "x",)) is None


def test_a_secret_shows_nothing() -> None:
    secret = Secret(KEY)
    assert KEY not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == KEY


@pytest.mark.parametrize("word", [*Word, *VARIABLES, *FILE_VARIABLES, CONF_FILE])
def test_each_setting_is_described(word: str) -> None:
    assert f"`{word}`" in Path("docs/fetching-databases.md").read_text(encoding="utf-8")
