"""The 250 country codes that a location can have: ISO 3166-1 alpha-2 and XK.

MaxMind's Country databases use exactly these (seen June 2026). Codes that are no place of their own
(`EU`, `UK`, `EL`, `AP`, `ZZ`, `A1`…) are not among them.
"""

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

COUNTRIES: frozenset[str] = frozenset(_CODES.split())

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
