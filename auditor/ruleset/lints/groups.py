"""Lints of groups: what they are silent on, how old they are, and what ends soon."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from auditor.ruleset.lints.remark import Reading, Remark, name_lists, quoted

VERIFIED_WITHIN = timedelta(days=180)
ENDS_WITHIN = timedelta(days=90)
_ONE_DAY = timedelta(days=1)

TERRITORIES: dict[str, tuple[tuple[str, ...], ...]] = {
    "CN": (("HK",), ("MO",), ("TW",)),
    "DK": (("FO",), ("GL",)),
    "FI": (("AX",),),
    "FR": (("GF", "GP", "MF", "MQ", "RE", "YT"), ("BL",), ("NC",), ("PF",), ("PM",), ("TF",), ("WF",)),
    "GB": (("GG",), ("GI",), ("IM",), ("JE",)),
    "NL": (("AW",), ("BQ",), ("CW",), ("SX",)),
    "NO": (("SJ",),),
    "US": (("AS", "GU", "MP", "PR", "UM", "VI"),),
}
"""Places that some laws count to a country and location databases give codes of their own.

Those that one law names in one breath stand together: the outermost regions of TFEU article 349, the outlying
areas of FAR 2.101. LAW.md, sections 4 and 5.
"""


def silent_on_territories(reading: Reading) -> Iterator[Remark]:
    """Find countries named by a group, or by a rule itself, with no word on parts that have their own codes.

    A rule that names a group is not told again what is told of the group.
    """
    groups = reading.ruleset.groups
    for name, group in groups.by_id.items():
        countries = _at_any_time(reading, [name])
        told: set[str] = set()
        for number, member in enumerate(group.members):
            if member.code not in told and (text := _silence(member.code, countries)):
                told.add(member.code)
                yield reading.of_group(name, ("members", number), text, _MEANT)
    for rule in reading.ruleset.rules:
        for loc, names in name_lists(rule):
            countries = _at_any_time(reading, names)
            for number, code in enumerate(names):
                if text := _silence(code, countries):
                    yield reading.of_rule(rule, (*loc, number), text, _MEANT)


_MEANT = "name those that are meant; if none is, say so in the title or in a comment"


def _silence(country: str, countries: Collection[str]) -> str | None:
    """Say which parts of a country are left out, if it is not plain that some law leaves them out."""
    parts = TERRITORIES.get(country, ())
    every = sorted(code for together in parts for code in together)
    if every and not any(code in countries for code in every):
        is_said = "has a code" if len(every) == 1 else "have codes"
        return f"names `{country}` and is silent on {quoted(every)}, which {is_said} of {_own(every)}"
    for together in parts:
        missing = [code for code in together if code not in countries]
        if missing and len(missing) < len(together):
            named = [code for code in together if code in countries]
            return f"names {quoted([country, *named])} and is silent on {quoted(missing)}"
    return None


def _own(codes: Sequence[str]) -> str:
    return "its own" if len(codes) == 1 else "their own"


def _at_any_time(reading: Reading, names: Sequence[str]) -> frozenset[str]:
    groups = reading.ruleset.groups
    listed = {member.code for name in groups.included(names) for member in groups.by_id[name].members}
    return frozenset({*names, *listed})


def not_verified_lately(reading: Reading) -> Iterator[Remark]:
    """Find files of groups that nobody has compared with their sources for long, or only will."""
    by_file: dict[str, list[str]] = {}
    for name, document in reading.documents_of_groups.items():
        by_file.setdefault(document.path, []).append(name)
    for names in by_file.values():
        verified_on = reading.ruleset.groups.verified_on[names[0]]
        if text := _age(verified_on, reading.as_of):
            place = reading.documents_of_groups[names[0]].place(("verified_on",))
            hint = "compare the groups with what they rest on, and renew the day"
            yield Remark(place, ", ".join(names), text, hint)


def _age(verified_on: date, as_of: datetime) -> str | None:
    age = as_of - datetime.combine(verified_on, time(), UTC)
    if age > VERIFIED_WITHIN:
        return f"not verified since {verified_on}, {age.days} days ago"
    if age < -_ONE_DAY:  # on the far side of the date line a day begins earlier
        return f"verified on {verified_on}, a day that is still to come"
    return None


def membership_ends(reading: Reading) -> Iterator[Remark]:
    """Find members that leave a group soon and do not stay in it by another entry."""
    groups = reading.ruleset.groups
    for name, group in groups.by_id.items():
        for number, member in enumerate(group.members):
            ends = member.until
            if ends is None or not reading.as_of <= ends <= reading.as_of + ENDS_WITHIN:
                continue
            if member.code not in groups.members([name], ends):
                text = f"`{member.code}` leaves it on {ends:%Y-%m-%d}, in {(ends - reading.as_of).days} days"
                yield reading.of_group(name, ("members", number), text, "find out what holds from then on")
