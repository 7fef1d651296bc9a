"""Countries and home regions, as a reader calls them."""

from collections.abc import Sequence

from babel import Locale

from auditor.countries import COUNTRIES
from auditor.report.numerals import LOCALE, listed
from auditor.report.phrase import Logged, visible

_TERRITORIES = Locale.parse(LOCALE).territories
# CLDR names these after a state; a report of places expresses no view on status.
_OWN_NAMES = {"HK": "Hong Kong SAR", "MO": "Macao SAR", "MM": "Myanmar"}
_NAMED_IN_FULL = 12

ANY_COUNTRY = "any country"


def country_name(code: str) -> str:
    """Name a country or territory; what is no code of ours is shown as it is."""
    if code not in COUNTRIES:
        return Logged(visible(code))
    return _OWN_NAMES.get(code) or _TERRITORIES.get(code, code)


def countries_text(codes: Sequence[str] | None, *, with_codes: bool = False) -> str:
    """Name all countries that the evidence leaves open; null codes are every country."""
    if codes is None:
        return ANY_COUNTRY
    if len(codes) > _NAMED_IN_FULL:
        return f"one of {len(codes)} countries ({', '.join(codes)})"
    names = [f"{country_name(code)} ({code})" if with_codes else country_name(code) for code in codes]
    return listed(names, "or")


def region_name(region: str | None) -> str:
    """Name a home region as the operator's promise does; a region that is no country keeps its own name."""
    if region is None:
        return "not known"
    if region == "EU":
        return "European Union"
    return country_name(region)
