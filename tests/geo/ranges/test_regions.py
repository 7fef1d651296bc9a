import csv
import re
from datetime import date
from pathlib import Path

import pytest

from auditor.countries import COUNTRIES
from auditor.errors import UsageError
from auditor.geo import ranges
from auditor.geo.ranges.regions import regions, said_of_region
from auditor.geo.ranges.sites import PROVIDERS, Region, providers_of, regions_named

AWS = """
AE me-central-1. AU ap-southeast-2 ap-southeast-4. BH me-south-1. BR sa-east-1. CA ca-central-1 ca-west-1.
CH eu-central-2. CN cn-north-1 cn-northwest-1. DE eu-central-1 eusc-de-east-1. ES eu-south-2. FR eu-west-3.
GB eu-west-2. HK ap-east-1. ID ap-southeast-3. IE eu-west-1. IL il-central-1. IN ap-south-1 ap-south-2.
IT eu-south-1. JP ap-northeast-1 ap-northeast-3. KR ap-northeast-2. MX mx-central-1. MY ap-southeast-5.
NZ ap-southeast-6. SE eu-north-1. SG ap-southeast-1. TH ap-southeast-7. TW ap-east-2.
US us-east-1 us-east-2 us-west-1 us-west-2 us-gov-east-1 us-gov-west-1. ZA af-south-1.
"""
GROUPS_ABROAD = """
AR us-east-1-bue-1. CL us-east-1-scl-1. DK eu-north-1-cph-1. FI eu-north-1-hel-1. MX us-east-1-qro-1.
NG af-south-1-los-1. NZ ap-southeast-2-akl-1. OM me-south-1-mct-1. PE us-east-1-lim-1.
PH ap-southeast-1-mnl-1. PL eu-central-1-waw-1. TH ap-southeast-1-bkk-1. TW ap-northeast-1-tpe-1.
"""
GROUPS_AT_HOME = """
AU ap-southeast-2-per-1. DE eu-central-1-ham-1. IN ap-south-1-ccu-1 ap-south-1-del-1.
US us-east-1-atl-1 us-east-1-atl-2 us-east-1-bos-1 us-east-1-chi-1 us-east-1-chi-2 us-east-1-dfw-1
   us-east-1-dfw-2 us-east-1-iah-1 us-east-1-iah-2 us-east-1-mci-1 us-east-1-mia-1 us-east-1-mia-2
   us-east-1-msp-1 us-east-1-nyc-1 us-east-1-nyc-2 us-east-1-phl-1 us-west-2-den-1 us-west-2-hnl-1
   us-west-2-las-1 us-west-2-lax-1 us-west-2-pdx-1 us-west-2-phx-1 us-west-2-phx-2 us-west-2-sea-1.
"""
GOOGLE = """
AU australia-southeast1 australia-southeast2. BE europe-west1. BR southamerica-east1.
CA northamerica-northeast1 northamerica-northeast2. CH europe-west6. CL southamerica-west1.
DE europe-west3 europe-west10. ES europe-southwest1. FI europe-north1. FR europe-west9. GB europe-west2.
HK asia-east2. ID asia-southeast2. IL me-west1. IN asia-south1 asia-south2. IT europe-west8 europe-west12.
JP asia-northeast1 asia-northeast2. KR asia-northeast3. MX northamerica-south1. NL europe-west4.
PL europe-central2. QA me-central1. SA me-central2. SE europe-north2. SG asia-southeast1.
TH asia-southeast3. TW asia-east1.
US us-central1 us-east1 us-east4 us-east5 us-south1 us-west1 us-west2 us-west3 us-west4. ZA africa-south1.
"""
AZURE = """
AE uaecentral uaenorth. AT austriaeast. AU australiacentral australiacentral2 australiaeast
australiasoutheast. BE belgiumcentral. BR brazilsouth brazilse. CA canadacentral canadaeast.
CH switzerlandn switzerlandw. CL chilec. DE germanywc germanyn. ES spaincentral. FR centralfrance southfrance.
GB uksouth ukwest. HK eastasia. ID indonesiacentral. IE northeurope. IL israelcentral.
IN centralindia southindia westindia jioindiacentral jioindiawest. IT italynorth. JP japaneast japanwest.
KR koreacentral koreasouth. MX mexicocentral. MY malaysiawest. NL westeurope. NO norwaye norwayw.
NZ newzealandnorth. PL polandcentral. QA qatarcentral. SE swedencentral swedensouth. SG southeastasia.
US centralus eastus eastus2 northcentralus southcentralus westcentralus westus westus2 westus3.
ZA southafricanorth southafricawest.
"""
ORACLE = """
AE me-abudhabi-1 me-dubai-1. AU ap-melbourne-1 ap-sydney-1. BR sa-saopaulo-1 sa-vinhedo-1.
CA ca-montreal-1 ca-toronto-1. CH eu-zurich-1. CL sa-santiago-1 sa-valparaiso-1. CO sa-bogota-1.
DE eu-frankfurt-1. ES eu-madrid-1. FR eu-paris-1 eu-marseille-1. GB uk-london-1 uk-cardiff-1. ID ap-batam-1.
IL il-jerusalem-1. IN ap-mumbai-1 ap-hyderabad-1. IT eu-milan-1. JP ap-tokyo-1 ap-osaka-1.
KR ap-seoul-1 ap-chuncheon-1. MX mx-queretaro-1 mx-monterrey-1. NL eu-amsterdam-1. RS eu-jovanovac-1.
SA me-jeddah-1 me-riyadh-1. SE eu-stockholm-1. SG ap-singapore-1 ap-singapore-2.
US us-ashburn-1 us-phoenix-1 us-sanjose-1 us-chicago-1. ZA af-johannesburg-1.
"""
NOT_CONFIRMED = """
AWS cn-north-1-pkx-1 me-west-1. Google us-central2 us-east7 us-west8. Azure brazilne centraluseuap
eastus2euap israelnorthwest malaysiasouth northeurope2 southcentralus2 southeastus taiwannorth
taiwannorthwest usstagec usstagee. Oracle us-saltlake-2 us-abilene-1 us-boardman-1 us-dallas-1.
"""
TYPED = {"AWS": AWS + GROUPS_ABROAD + GROUPS_AT_HOME, "Google": GOOGLE, "Azure": AZURE, "Oracle": ORACLE}


def heads_and_names(text: str) -> list[tuple[str, str]]:
    """Read `HEAD name name. HEAD name.` as pairs."""
    groups = (group.split() for group in re.split(r"\.\s", text) if group.strip())
    return [(head, name) for head, *names in groups for name in names]


@pytest.mark.parametrize("provider", TYPED)
def test_the_table_is_what_was_confirmed_and_nothing_else(provider: str) -> None:
    typed = {name: country for country, name in heads_and_names(TYPED[provider])}
    table = {region: country for (whose, region), country in regions().items() if whose == provider}

    assert table == typed


@pytest.mark.parametrize(("provider", "region"), heads_and_names(NOT_CONFIRMED))
def test_what_is_placed_by_its_name_alone_is_no_place_yet(provider: str, region: str) -> None:
    assert said_of_region(provider, region).reason == "unknown_region"


def test_a_border_group_at_home_is_in_the_country_of_its_region() -> None:
    for country, group in heads_and_names(GROUPS_AT_HOME):
        region = group.rsplit("-", 2)[0]
        assert regions()["AWS", region] == country


def test_a_border_group_abroad_is_not() -> None:
    for country, group in heads_and_names(GROUPS_ABROAD):
        region = group.rsplit("-", 2)[0]
        assert regions()["AWS", region] != country


@pytest.mark.parametrize("name", ["regions.csv", "sites.csv"])
def test_each_row_stands_once_is_dated_and_names_countries(name: str) -> None:
    with (Path(ranges.__file__ or "").parent / name).open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))

    assert len({(row["provider"], row.get("region", row.get("site"))) for row in rows}) == len(rows)
    for row in rows:
        assert date.fromisoformat(row["checked_on"]) >= date(2026, 11, 24)
        assert COUNTRIES.issuperset(row.get("country", row.get("countries", "")).split())


@pytest.mark.parametrize(
    ("site", "countries", "provider"),
    [
        ("eu-central-1", ("DE",), "AWS"),
        (" EU-Central-1 ", ("DE",), "AWS"),
        ("ap-east-1", ("HK",), "AWS"),
        ("us-east-1-bue-1", ("AR",), "AWS"),
        ("europe-west3", ("DE",), "Google"),
        ("uk-london-1", ("GB",), "Oracle"),
        ("germanywc", ("DE",), "Azure"),
        ("GermanyWestCentral", ("DE",), "Azure"),
        ("germanynorth", ("DE",), "Azure"),
        ("francecentral", ("FR",), "Azure"),
        ("francesouth", ("FR",), "Azure"),
        ("norwayeast", ("NO",), "Azure"),
        ("norwaywest", ("NO",), "Azure"),
        ("switzerlandnorth", ("CH",), "Azure"),
        ("switzerlandwest", ("CH",), "Azure"),
        ("brazilsoutheast", ("BR",), "Azure"),
        ("chilecentral", ("CL",), "Azure"),
        ("us1", ("US",), "Twilio"),
        ("ashburn", ("US",), "Twilio"),
        ("us2", ("US",), "Twilio"),
        ("umatilla", ("US",), "Twilio"),
        ("ie1", ("IE",), "Twilio"),
        ("dublin", ("IE",), "Twilio"),
        ("ie1-ix", ("GB", "IE"), "Twilio"),
        ("de1", ("DE",), "Twilio"),
        ("frankfurt", ("DE",), "Twilio"),
        ("jp1", ("JP",), "Twilio"),
        ("tokyo", ("JP",), "Twilio"),
        ("sg1", ("SG",), "Twilio"),
        ("singapore", ("SG",), "Twilio"),
        ("au1", ("AU",), "Twilio"),
        ("sydney", ("AU",), "Twilio"),
        ("br1", ("BR",), "Twilio"),
        ("sao-paulo", ("BR",), "Twilio"),
    ],
)
def test_a_providers_name_of_a_region_is_matched_as_a_whole_string(
    site: str, countries: tuple[str, ...], provider: str
) -> None:
    assert regions_named(site, [provider]) == (Region(provider, frozenset(countries)),)
    others = [other for other in PROVIDERS.values() if other != provider]
    assert regions_named(site, others) == ()


@pytest.mark.parametrize(
    "site",
    [
        *("gll", "roaming", "GLOBAL", "global", "USWE", "EUNO", "San Jose, USA", "United States (SC Top)"),
        *("us", "eu-central-1a", "eu-central", "xeu-central-1", "me-west-1", "cn-north-1-pkx-1", ""),
        *("brazilne", "us-ix", "germany west central"),
    ],
)
def test_other_strings_name_no_region(site: str) -> None:
    assert regions_named(site, [*PROVIDERS.values()]) == ()


def test_providers_are_named_in_any_case_and_counted_once() -> None:
    assert providers_of(["aws", "Twilio", "AWS"]) == ("AWS", "Twilio")


def test_unknown_providers_are_told_together() -> None:
    with pytest.raises(UsageError) as caught:
        providers_of(["aws", "asw", "hetzner"])
    assert len(caught.value.faults) == 2
    assert "did you mean `aws`?" in str(caught.value)


def test_the_table_of_sites_has_nothing_else_than_the_cases_above() -> None:
    with (Path(ranges.__file__ or "").parent / "sites.csv").open(encoding="utf-8", newline="") as opened:
        assert sum(1 for _ in csv.DictReader(opened)) == 27
