"""The 250 country codes that a location can have: ISO 3166-1 alpha-2 and XK.

MaxMind's Country databases use exactly these (seen June 2026). Codes that are no place of their own
(`EU`, `UK`, `EL`, `AP`, `ZZ`, `A1`…) are not among them.
"""

from collections.abc import Mapping

_CODES = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT
BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH
ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT
HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS
LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI
NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG
SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG
UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
"""

_ALPHA_3 = """
AND ARE AFG ATG AIA ALB ARM AGO ATA ARG ASM AUT AUS ABW ALA AZE BIH BRB BGD BEL BFA BGR BHR BDI BEN
BLM BMU BRN BOL BES BRA BHS BTN BVT BWA BLR BLZ CAN CCK COD CAF COG CHE CIV COK CHL CMR CHN COL CRI
CUB CPV CUW CXR CYP CZE DEU DJI DNK DMA DOM DZA ECU EST EGY ESH ERI ESP ETH FIN FJI FLK FSM FRO FRA
GAB GBR GRD GEO GUF GGY GHA GIB GRL GMB GIN GLP GNQ GRC SGS GTM GUM GNB GUY HKG HMD HND HRV HTI HUN
IDN IRL ISR IMN IND IOT IRQ IRN ISL ITA JEY JAM JOR JPN KEN KGZ KHM KIR COM KNA PRK KOR KWT CYM KAZ
LAO LBN LCA LIE LKA LBR LSO LTU LUX LVA LBY MAR MCO MDA MNE MAF MDG MHL MKD MLI MMR MNG MAC MNP MTQ
MRT MSR MLT MUS MDV MWI MEX MYS MOZ NAM NCL NER NFK NGA NIC NLD NOR NPL NRU NIU NZL OMN PAN PER PYF
PNG PHL PAK POL SPM PCN PRI PSE PRT PLW PRY QAT REU ROU SRB RUS RWA SAU SLB SYC SDN SWE SGP SHN SVN
SJM SVK SLE SMR SEN SOM SUR SSD STP SLV SXM SYR SWZ TCA TCD ATF TGO THA TJK TKL TLS TKM TUN TON TUR
TTO TUV TWN TZA UKR UGA UMI USA URY UZB VAT VCT VEN VGB VIR VNM VUT WLF WSM XKK YEM MYT ZAF ZMB ZWE
"""

COUNTRIES: frozenset[str] = frozenset(_CODES.split())

OF_ALPHA_3: Mapping[str, str] = {
    **dict(zip(_ALPHA_3.split(), sorted(_CODES.split()), strict=True)),
    "XKX": "XK",
}
"""The codes by their three-letter ones; Kosovo has none in ISO 3166-1, and is called XKX or XKK."""

UNKNOWN_KEY = "*"
"""The key of the set of all countries: not knowing."""

OFTEN_MEANT = {"UK": "GB", "EL": "GR", "EU": None, "AP": None, "A1": None, "A2": None, "O1": None, "ZZ": None}
"""Codes that are often written but are no ISO 3166-1 code, with the code that is meant, if there is one."""


def key_of(candidates: frozenset[str]) -> str:
    """Name a candidate set: its sorted codes joined by blanks, or `*` for all of them."""
    if not candidates:
        raise AssertionError("an empty candidate set: unknown is the set of all countries")
    return UNKNOWN_KEY if candidates >= COUNTRIES else " ".join(sorted(candidates))


def candidates_of(key: str) -> frozenset[str]:
    """Read a candidate set back from its key."""
    return COUNTRIES if key == UNKNOWN_KEY else frozenset(key.split())
