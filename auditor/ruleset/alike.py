"""Countries that no rule can tell apart: one of them can stand for all, and situations are few."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from auditor.countries import COUNTRIES, UNKNOWN_KEY, candidates_of, key_of


@dataclass(frozen=True, slots=True)
class Alike:
    """For each country, the first of those that are in just the same sets as it."""

    stands_for: Mapping[str, str]

    @classmethod
    def within(cls, sets: Iterable[Collection[str]]) -> "Alike":
        """Compare countries by the sets that they are in."""
        sets = [frozenset(one) for one in sets]
        firsts: dict[tuple[bool, ...], str] = {}
        stands_for = {}
        for country in sorted(COUNTRIES):
            stands_for[country] = firsts.setdefault(tuple(country in one for one in sets), country)
        return cls(stands_for)

    def key(self, key: str) -> str:
        """Name the candidate set in which each country is replaced by the one that stands for it.

        A rule that names none but the given sets says the same of both.
        """
        if key == UNKNOWN_KEY:
            return key
        return key_of(frozenset(self.stands_for[country] for country in candidates_of(key)))
