"""Sets of countries under the names that rules write: groups and codes, and what is elsewhere."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from auditor.countries import COUNTRIES
from auditor.ruleset.table import Subject
from auditor.ruleset.wording.phrases import either
from auditor.ruleset.wording.words import NameOf, as_it_is

ANYWHERE, ELSEWHERE = "anywhere", "elsewhere"
_FEW = 5
"""So many countries at most are named as what a group lacks, and more than so many as the rest of it."""


@dataclass(frozen=True, slots=True)
class Names:
    """Names in the order in which they are preferred, and the countries that each stands for.

    `name_of` names the country of a code.
    """

    sets: Mapping[str, frozenset[str]]
    elsewhere: frozenset[str]
    name_of: NameOf = as_it_is

    @classmethod
    def during(
        cls,
        names: Iterable[str],
        subjects: Sequence[Subject],
        instants: Sequence[datetime],
        name_of: NameOf = as_it_is,
    ) -> "Names":
        """Take the names that stand for the same countries with all subjects, at all of some instants.

        Elsewhere is wherever no name of any subject ever is.
        """
        sets: dict[str, frozenset[str]] = {}
        elsewhere = COUNTRIES
        for name in dict.fromkeys(names):
            meant = {_members(name, subject, at) for subject in subjects for at in instants}
            known = [members for members in meant if members]
            elsewhere = elsewhere.difference(*known)
            if len(meant) == len(known) == 1:
                sets[name] = known[0]
        return cls(sets, elsewhere, name_of)

    def parts(self, countries: AbstractSet[str]) -> list[str]:
        """Name countries: whole groups, groups but for a few of their countries, codes, and elsewhere."""
        if countries >= COUNTRIES:
            return [ANYWHERE]
        has_elsewhere = bool(self.elsewhere) and self.elsewhere <= countries
        left = set(countries - self.elsewhere if has_elsewhere else countries)
        whole = list(self._whole(countries, left))
        parts = [*self._named(whole), *self._but_for_few(countries, left), *self._named(sorted(left))]
        return [*parts, ELSEWHERE] if has_elsewhere else parts

    def words(self, countries: AbstractSet[str]) -> str:
        """Name countries in few words; where most are meant, those that are not."""
        parts = self.parts(countries)
        if ELSEWHERE in parts or len(countries) * 2 < len(COUNTRIES) or parts == [ANYWHERE]:
            return either(parts)
        others = self.parts(COUNTRIES - countries)
        return f"{ANYWHERE} but {either(others)}" if len(others) < len(parts) else either(parts)

    def rank(self, country: Hashable) -> int:
        """Count the names before the first that stands for a country."""
        return next(
            (place for place, members in enumerate(self.sets.values()) if country in members), len(self.sets)
        )

    def _whole(self, countries: AbstractSet[str], left: set[str]) -> Iterator[str]:
        for name, members in self.sets.items():
            if members <= countries and members & left:
                left -= members
                yield name

    def _but_for_few(self, countries: AbstractSet[str], left: set[str]) -> Iterator[str]:
        for name, members in self.sets.items():
            missing = members - countries
            if 0 < len(missing) <= _FEW < len(members & left):
                left -= members
                yield f"{name} but {either(self._named(sorted(missing)))}"

    def _named(self, names: Iterable[str]) -> list[str]:
        return [self.name_of(name) if name in COUNTRIES else name for name in names]


def _members(name: str, subject: Subject, at: datetime) -> frozenset[str] | None:
    """Spell out a name; None: here it is neither a group nor a code."""
    if name in subject.ruleset.groups.by_id or name in COUNTRIES:
        return subject.ruleset.groups.members([name], at)
    return None
