from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.engine.config import Config, load_config, sources_of
from auditor.engine.request import LocationSources, LogsAsked, Told
from auditor.errors import InputError
from auditor.geo.candidates import Trust

WHOLE = """
[location]
databases = [
  "geoip",
  {path = "other.mmdb", opinion = "location", vendor = "iptoasn"},
  {path = "z", vendor = "y"},
]
inventory = ["inventory/*.csv"]
cloud_ranges = ["ranges/aws.json"]
geofeeds = []
ledger = "ledger/"
site_names = ["aws"]
relay_lists = ["lists/*.csv"]
nat64_prefixes = ["64:ff9b:1::/96"]
max_age_days = 10
min_confidence = 50
trust = "inventory"
documentation_is_public = true
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "auditor.toml"
    path.write_text(text, encoding="utf-8")
    return path


def faults_of(folder: Path, text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_config(written(folder, text))
    return [str(fault).replace(f"{folder}/", "") for fault in caught.value.faults]


def test_each_key_stands_for_an_option(tmp_path: Path) -> None:
    for name in ("inventory/b.csv", "inventory/a.csv", "lists/x.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    section = load_config(written(tmp_path, WHOLE)).location
    assert sources_of(section) == LocationSources(
        geo=(
            f"{tmp_path}/geoip",
            f"location@iptoasn:{tmp_path}/other.mmdb",
            f"location@y:{tmp_path}/z",
        ),
        inventory=(f"{tmp_path}/inventory/a.csv", f"{tmp_path}/inventory/b.csv"),
        cloud_ranges=(f"{tmp_path}/ranges/aws.json",),
        geofeeds=(),
        ledger=f"{tmp_path}/ledger",
        site_names=("aws",),
        nat64_prefixes=("64:ff9b:1::/96",),
        max_age_days=10,
        min_confidence=50,
        trust=Trust.INVENTORY,
        documentation_is_public=True,
    )
    assert section.relay_lists == [f"{tmp_path}/lists/x.csv"]


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    assert sources_of(load_config(written(tmp_path, "")).location) == LocationSources()


def test_a_file_that_is_named_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.toml: cannot be read: No such file"):
        load_config(tmp_path / "none.toml")


def test_without_a_file_in_the_working_folder_nothing_is_said() -> None:
    assert load_config(None) == Config()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[location]\nmax_age_days = -1", "auditor.toml:2: location.max_age_days: input should be greater"),
        (
            "[location]\nmax_age_days = '9'",
            "auditor.toml:2: location.max_age_days: input should be a valid int",
        ),
        ("[location]\nmin_confidence = 101", "auditor.toml:2: location.min_confidence: input should be less"),
        ("[location]\ntrust = 'me'", "auditor.toml:2: location.trust: input should be 'all' or 'inventory'"),
        (
            "\n[location]\ngeofeed = []",
            "auditor.toml:3: location.geofeed: unknown key\n  hint: did you mean `geofeeds`?",
        ),
        ("[locatoin]\n", "auditor.toml:1: locatoin: unknown key\n  hint: did you mean `location`?"),
        (
            "[location]\ndatabases = [{path = 'x', vender = 'y'}]",
            "unknown key\n  hint: did you mean `vendor`?",
        ),
        (
            "[location]\ndatabases = [{path = 'x', opinion = 'maybe'}]",
            "location.databases.opinion: input should be",
        ),
        ("[location]\ninventory = ['*.none']", "location.inventory: no file fits `*.none`"),
        ('[location]\ndatabases = [""]', "location.databases: string should have at least 1 character"),
        ('[location]\ninventory = ["\\u0000"]', "location.inventory: string should match pattern"),
        ("[location]\nmax_age_days = 999999999999", "location.max_age_days: input should be less"),
        ("[location\n", "auditor.toml: is not TOML"),
        ("[[logs]]\nformat = 'coturn'", "auditor.toml:1: logs.paths: field required"),
        ("[[logs]]\npaths = []", "auditor.toml:2: logs.paths: list should have at least 1 item"),
        (
            "[[logs]]\npaths = ['a']\n\n[[logs]]\npaths = ['b']\nfromat = 'coturn'",
            "auditor.toml:6: logs.fromat: unknown key\n  hint: did you mean `format`?",
        ),
        (
            "[[logs]]\npaths = ['a']\n[[logs]]\npaths = ['b']\nformat = 'a'\nmapping = 'b'",
            "auditor.toml:3: logs: has both `format` and `mapping`\n  hint: give one of them",
        ),
        (
            "[[logs]]\npaths = ['a']\nserver_start = 2026-03-01T00:00:00",
            "auditor.toml:3: logs.server_start: input should have timezone info",
        ),
        (
            "[[logs]]\npaths = ['a']\nprivacy = {call_id = 'hide'}",
            "auditor.toml:3: logs.privacy.call_id: input should be 'keep', 'hash' or 'network'",
        ),
        ("logs = [{paths = ['a'], zoen = 'UTC'}]", "auditor.toml:1: logs.zoen: unknown key"),
        ("[location]\na = 1\na = 2\n", "auditor.toml: is not TOML"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, fault: str) -> None:
    assert any(fault in told for told in faults_of(tmp_path, text)), faults_of(tmp_path, text)


LOGS = """
[[logs]]
paths = ["calls/*.json", "more"]
format = "teams-callrecord"
privacy = {participant_id = "keep"}

[[logs]]
paths = ["turn.log"]
mapping = "own.yaml"
server_start = 2026-03-01T01:00:00+01:00
relay_public_address = {"10.0.0.5" = "203.0.113.5"}
zone = "Europe/Berlin"
"""


def test_logs_are_listed_with_what_is_told_of_them(tmp_path: Path) -> None:
    place = written(tmp_path, LOGS)
    assert load_config(place).logs == (
        LogsAsked(
            (f"{tmp_path}/calls/*.json", f"{tmp_path}/more"),
            format="teams-callrecord",
            told=Told(privacy=(("participant_id", "keep"),)),
            place=f"{place}:2",
        ),
        LogsAsked(
            (f"{tmp_path}/turn.log",),
            mapping=f"{tmp_path}/own.yaml",
            told=Told(
                zone="Europe/Berlin",
                server_start=datetime(2026, 3, 1, tzinfo=UTC),
                public_addresses=(("10.0.0.5", "203.0.113.5"),),
            ),
            place=f"{place}:7",
        ),
    )


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    assert len(faults_of(tmp_path, "x = 1\n[location]\ntrust = 1\nmax_age_days = -1\n")) == 3
