"""What one record is worth: what it says of an address, and whether that may count.

Design: GEOLOCATION.md, sections 3 and 4.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from auditor.countries import COUNTRIES
from auditor.geo.schemas import Opinion, Said

_Record = Mapping[str, Any]

_SHOWN = 120
"""Names are foreign text: so many characters of one are told."""

_SURE = 100
_NOT_SO = frozenset({"", "0", "false", "no"})
_SO = frozenset({"1", "true", "yes"})
_HIDING = {"vpn": "a VPN", "public_proxy": "a public proxy", "residential_proxy": "a residential proxy"}
_HIDING["tor"] = "a Tor exit"


def said_of(opinion: Opinion, record: _Record, min_confidence: int) -> Said:
    """Weigh one record, given as our words; absent words are None."""
    if opinion is Opinion.NETWORK:
        return _network_said(record)
    if opinion is Opinion.ANONYMITY:
        return _anonymity_said(record)
    return _place_said(record, min_confidence)


def _place_said(record: _Record, min_confidence: int) -> Said:
    """Weigh a country.

    A flag of anycast comes before it, since the address is in many places at once. An absent confidence of
    an Enterprise record is as good as a low one: nobody vouches for it.
    """
    country, continent, city = (_cut(record.get(word)) for word in ("country", "continent", "city"))
    hints = (*_place_hints(record), *_odd_flags(record, ("anycast", "also_anycast")))
    if _is_set(record.get("anycast")) or _is_set(record.get("also_anycast")):
        return Said(country, "anycast", "flagged as anycast", hints, city)
    if country is None and continent is not None:
        why_not = f"the record names only the continent {continent}"
        return Said(None, "continent_only", why_not, (f"continent:{continent}", *hints), city)
    if country is None:
        return Said(None, "no_country", "the record names no country", hints, city)
    if country not in COUNTRIES:
        return Said(country, "not_a_country", f"`{country}` is not the code of a country", hints, city)
    if "confidence" in record and not min_confidence <= (record["confidence"] or 0) <= _SURE:
        confidence = "unknown" if record["confidence"] is None else record["confidence"]
        why_not = f"its confidence is {confidence}, the floor is {min_confidence}"
        low = f"confidence:{country}:{confidence}"
        return Said(country, "low_confidence", why_not, (low, *hints), city)
    return Said(country, hints=hints, city=city)


def _network_said(record: _Record) -> Said:
    number, organization = record.get("network"), record.get("organization")
    network = _as_number(number)
    named = " ".join(str(part) for part in (network, _cut(organization)) if part)
    if not named:
        return Said(why_not="the record names no network")
    return Said(why_not="it knows networks, not places", hints=(f"network:{named}",), network=network)


def _anonymity_said(record: _Record) -> Said:
    """Weigh flags: each kind of hiding leaves every country open, a hosting provider alone does not."""
    hints = _odd_flags(record, (*_HIDING, "anonymous", "hosting"))
    hiding = [word for word in _HIDING if _is_set(record.get(word))]
    hosting = ("hosting",) if _is_set(record.get("hosting")) else ()
    if hiding:
        kinds = " and ".join(_HIDING[word] for word in hiding)
        told = tuple(f"anonymous:{word}" for word in hiding)
        return Said(None, "anonymised", f"it is the address of {kinds}", (*told, *hosting, *hints))
    if _is_set(record.get("anonymous")):
        why_not = "it is the address of an anonymiser of no named kind"
        return Said(None, "anonymised", why_not, ("anonymous", *hosting, *hints))
    if hosting:
        return Said(
            why_not="it is the address of a hosting provider, which alone hides nobody", hints=hosting
        )
    return Said(why_not="it knows of nobody hiding behind this address")


def _place_hints(record: _Record) -> Iterable[str]:
    registered, represented = (_cut(record.get(word)) for word in ("registered", "represented"))
    if registered is not None and registered != record.get("country"):
        yield f"registered:{registered}"
    if represented is not None:
        kind = _cut(record.get("represented_type"))
        yield f"represents:{represented}:{kind}" if kind else f"represents:{represented}"


def _is_set(flag: Any) -> bool:  # noqa: ANN401  any value of a foreign record
    """Read a flag; one that is not plainly unset is set, since a doubt widens what is possible."""
    return flag is not None and str(flag).strip().lower() not in _NOT_SO and flag != 0


def _odd_flags(record: _Record, words: Iterable[str]) -> tuple[str, ...]:
    """Tell of flags that were taken to be set because they cannot be read."""
    flags = ((word.removeprefix("also_"), record.get(word)) for word in words)
    return tuple(
        f"flag:{word}:{_cut(str(flag))}"
        for word, flag in flags
        if _is_set(flag) and str(flag).strip().lower() not in _SO and flag != 1
    )


def _as_number(number: int | str | None) -> str | None:
    """Write the number of a network as `AS64496`."""
    return None if number is None else f"AS{str(number).removeprefix('AS')}"


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
