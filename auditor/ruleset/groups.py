"""Dated sets of countries, and the instants at which they change."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from auditor.ruleset.group_schema import Group, Member

BEGINNING = datetime.min.replace(tzinfo=UTC)
"""Before all that a rule can name."""


@dataclass(frozen=True, slots=True)
class Groups:
    """All groups, by id. Their names are known, but whether they include each other in a circle is not."""

    by_id: Mapping[str, Group]
    verified_on: Mapping[str, date] = field(default_factory=dict)
    """When somebody last compared each group with what it rests on."""

    def members(self, names: Iterable[str], at: datetime) -> frozenset[str]:
        """Spell out names of groups and codes as the countries that they stand for at an instant."""
        names = tuple(names)
        codes = {name for name in names if name not in self.by_id}
        return frozenset(codes | {member.code for member in self._listed(names) if member.covers(at)})

    def changes(self, names: Iterable[str]) -> tuple[datetime, ...]:
        """Find the instants, in order, from which `names` together stand for other countries than before."""
        names = tuple(names)
        limits = {limit for member in self._listed(names) for limit in (member.from_, member.until) if limit}
        before, changes = self.members(names, BEGINNING), []
        for limit in sorted(limits):
            after = self.members(names, limit)
            if after != before:
                changes.append(limit)
            before = after
        return tuple(changes)

    def included(self, names: Iterable[str]) -> tuple[str, ...]:
        """List the groups among `names` and all that they include, each once, in order of mention."""
        found: dict[str, None] = {}
        waiting = [name for name in names if name in self.by_id][::-1]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found[name] = None
                waiting += [part for part in self.by_id[name].include if part in self.by_id][::-1]
        return tuple(found)

    def titles(self, names: Iterable[str]) -> tuple[str, ...]:
        """Give the title of each group among `names`; a code stands for itself."""
        return tuple(self.by_id[name].title if name in self.by_id else name for name in names)

    def _listed(self, names: tuple[str, ...]) -> Iterator[Member]:
        for name in self.included(names):
            yield from self.by_id[name].members
