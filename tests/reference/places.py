"""Where an address may be: the candidate sets of GEOLOCATION.md, sections 1 to 6, one address at a time."""

import ipaddress
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import maxminddb

from tests.reference.countries import ALL
from tests.reference.facts import ROLES
from tests.reference.kinds import PRIVATE_KINDS, TEST_KINDS, Address, Kind, holds, kind_of, kind_of_address
from tests.reference.world import Connection, DatabaseFile, InventoryRow, Settings, covers

MIN_CONFIDENCE = 80
KIND_ORDER = ("Enterprise", "City", "Country")


@dataclass(frozen=True, slots=True)
class Place:
    """The countries that the evidence leaves open, and why; `counted` answers were united."""

    candidates: frozenset[str]
    reasons: frozenset[str]

    @classmethod
    def of(cls, counted: list[frozenset[str]], doubts: Iterable[str]) -> "Place":
        """Unite what counts; where nothing does, everything is open, and the doubts say why."""
        if not counted:
            return cls(ALL, frozenset(doubts) or frozenset({"no_source"}))
        if len(set(counted)) > 1:
            return cls(frozenset().union(*counted), frozenset({"contested"}))
        if len(counted[0]) > 1:
            return cls(counted[0], frozenset({"footprint"}))
        return cls(counted[0], frozenset({"agreed" if len(counted) > 1 else "single_source"}))


@dataclass(frozen=True, slots=True)
class Answer:
    """What one database says of one address: a country, or the reason why it names none."""

    country: str | None = None
    reason: str | None = None


class Evidence:
    """All that can be asked: opened databases, inventory lines and settings."""

    def __init__(
        self, databases: Iterable[DatabaseFile], inventory: Iterable[InventoryRow], settings: Settings
    ) -> None:
        self._inventory = tuple(inventory)
        self._settings = settings
        self._databases = tuple(database for database in databases if database.opinion == "location")
        self._readers = {
            database.path: maxminddb.open_database(database.path) for database in self._databases
        }

    def close(self) -> None:
        """Close the databases."""
        for reader in self._readers.values():
            reader.close()

    def relay_of(self, connection: Connection) -> Place:
        """Locate a relay at the start; one of an unknown role wherever one of the roles puts it."""
        if connection["role"] != "unknown":
            return self._relay_in(connection, connection["role"])
        places = [self._relay_in(connection, role) for role in ROLES]
        reasons = frozenset[str]().union(*(place.reasons for place in places))
        return Place(frozenset[str]().union(*(place.candidates for place in places)), reasons)

    def _relay_in(self, connection: Connection, role: str) -> Place:
        kind, at = kind_of(connection["relay_ip"]), connection["started_at"]
        address, looked_up = self._asked_of_relay(kind)
        dated = [row for row in self._inventory if covers(row.since, row.until, at)]
        valid = [row for row in dated if row.role in (None, role)]
        inventory = list(answers_of_inventory(valid, address, kind, connection))
        answers = list(self._answers(address, at)) if looked_up and address is not None else []
        doubts = {answer.reason for answer in answers if answer.reason}
        doubts |= doubts_of_relay(kind, connection["relay_site"])
        if kind.kind == "anycast" or any(answer.reason == "anycast" for answer in answers):
            return Place.of(inventory, {"anycast"})
        countries = [frozenset({answer.country}) for answer in answers if answer.country]
        declared = connection["relay_country_declared"]
        return Place.of(inventory + countries + ([frozenset({declared})] if declared else []), doubts)

    def participant_of(self, connection: Connection) -> Place:
        """Locate the participant: the declared country and the client address's set, united."""
        declared = connection["participant_country_declared"]
        said = frozenset({declared}) if declared else frozenset()
        if connection["client_ip"] is None:
            return Place(said or ALL, frozenset() if said else frozenset({"no_client"}))
        client = self._client_of(connection["client_ip"], connection["started_at"])
        return Place(client.candidates | said, client.reasons)

    def _client_of(self, text: str, at: datetime) -> Place:
        kind = kind_of(text)
        address: Address | None = kind.address
        name = kind.kind
        if kind.inner is not None:
            address, name = kind.inner, kind_of_address(kind.inner)
        if address is None or not self._is_public(name):
            return Place(ALL, frozenset({name}))
        answers = list(self._answers(address, at))
        doubts = {answer.reason for answer in answers if answer.reason}
        if "anycast" in doubts:
            return Place(ALL, frozenset({"anycast"}))
        return Place.of([frozenset({answer.country}) for answer in answers if answer.country], doubts)

    def _is_public(self, kind: str) -> bool:
        return kind == "global" or (kind == "documentation" and self._settings.documentation_is_public)

    def _asked_of_relay(self, kind: Kind) -> tuple[Address | None, bool]:
        """Choose the address that inventory and databases are asked about, and whether databases are."""
        if kind.kind == "nat64" and kind.inner is not None:
            public = self._is_public(kind_of_address(kind.inner))
            return (kind.inner, True) if public else (None, False)
        if self._is_public(kind.kind):
            return kind.address, True
        if kind.kind in PRIVATE_KINDS | TEST_KINDS | {"anycast"}:
            return kind.address, False
        return None, False

    def _answers(self, address: Address, at: datetime) -> Iterator[Answer]:
        """Ask each opinion once: MaxMind's best edition of its time, and that of every other type.

        Of several that are equally good each is asked: their order says nothing.
        """
        opinions: dict[str, list[DatabaseFile]] = {}
        for database in self._databases:
            maker = "MaxMind" if database.is_maxmind else database.database_type
            opinions.setdefault(maker, []).append(database)
        for editions in opinions.values():
            near = [edition for edition in editions if self._age(edition, at) <= self._max_age]
            if not near:
                yield Answer(reason="stale_location")
                continue
            orders = [(rank_of(edition), self._age(edition, at), edition.built_at) for edition in near]
            for edition, order in zip(near, orders, strict=True):
                if order == min(orders):
                    yield self._ask(edition, address)

    @property
    def _max_age(self) -> timedelta:
        return timedelta(days=self._settings.max_age_days)

    def _age(self, database: DatabaseFile, at: datetime) -> timedelta:
        return abs(at - database.built_at)

    def _ask(self, database: DatabaseFile, address: Address) -> Answer:
        reader = self._readers[database.path]
        if address.version > reader.metadata().ip_version:
            return Answer(reason="no_record")
        record = reader.get(address)
        return answer_of(record) if isinstance(record, dict) else Answer(reason="no_record")


def rank_of(database: DatabaseFile) -> int:
    """Order MaxMind's kinds: Enterprise before City before Country; any other file has one kind."""
    if not database.is_maxmind:
        return len(KIND_ORDER)
    return next(
        (rank for rank, word in enumerate(KIND_ORDER) if word in database.database_type), len(KIND_ORDER)
    )


def answer_of(record: dict[str, Any]) -> Answer:
    """Read a record of MaxMind's schema, or of a flat one."""
    nested = record.get("country")
    country = nested if isinstance(nested, dict) else {}
    if record.get("traits", {}).get("is_anycast") is True:
        return Answer(reason="anycast")
    code = country.get("iso_code", record.get("country_code", nested if isinstance(nested, str) else None))
    if code is None:
        has_continent = bool(record.get("continent", {}).get("code") or record.get("continent_code"))
        return Answer(reason="continent_only" if has_continent else "no_country")
    if code not in ALL:
        return Answer(reason="not_a_country")
    if country.get("confidence", 100) < MIN_CONFIDENCE:
        return Answer(reason="low_confidence")
    return Answer(country=code)


def doubts_of_relay(kind: Kind, site: str | None) -> set[str]:
    """Say why the address alone, or the lack of one, leaves everything open."""
    if kind.kind in PRIVATE_KINDS:
        return {"private_relay"}
    if kind.kind in {"sixtofour", "teredo"}:
        return {"tunnel"}
    if kind.kind == "absent":
        return {"no_relay_address"} if site is None else {"unknown_site"}
    if kind.kind == "nat64" and kind.inner is not None and kind_of_address(kind.inner) != "global":
        return {"embedded_not_public"}
    named = {
        "nat64_local": "nat64_prefix_unknown",
        "masked": "masked",
        "unparsable": "unparsable",
        "host_name": "hostname_only",
        "global": "",
        "nat64": "",
    }
    return {named.get(kind.kind, "not_public")} - {""}


def answers_of_inventory(
    valid: list[InventoryRow], address: Address | None, kind: Kind, connection: Connection
) -> Iterator[frozenset[str]]:
    """Ask the lines that hold at the time and for the role by prefix, by site and by host name."""
    site = connection["relay_site"]
    if address is not None:
        rows = [row for row in valid if row.prefix and holds(ipaddress.ip_network(row.prefix), address)]
        at_odds = False
        if kind_of_address(address) in PRIVATE_KINDS:
            # Everybody uses private prefixes: a line for another site than the log's is about another
            # network, and without a site nobody knows which network it is.
            rows = [row for row in rows if is_private(row)]
            at_odds = site is None and len({frozenset(row.countries) for row in rows}) > 1
            if site is not None:
                rows = [row for row in rows if not row.site or folded(row.site) == folded(site)]
        longest = max((prefix_length(row) for row in rows), default=0)
        if not at_odds:
            yield from agreed([row for row in rows if prefix_length(row) == longest])
    if site is not None:
        yield from agreed([row for row in valid if row.site and folded(row.site) == folded(site)])
    for host in (connection["relay_name"], connection["relay_ip"] if kind.kind == "host_name" else None):
        if host is not None:
            rows = [row for row in valid if row.name and names(row.name, host)]
            longest = max((len(row.name or "") for row in rows), default=0)
            exact = [row for row in rows if row.name and not row.name.startswith("*.")]
            yield from agreed(exact or [row for row in rows if len(row.name or "") == longest])


def agreed(rows: list[InventoryRow]) -> Iterator[frozenset[str]]:
    """Take the lines with a role over those without; private ones at odds need the site, and tell nothing."""
    chosen = {frozenset(row.countries) for row in ([row for row in rows if row.role] or rows)}
    if len(chosen) == 1:
        yield from chosen


def is_private(row: InventoryRow) -> bool:
    """Tell whether a line's prefix lies within one that everybody uses."""
    network = ipaddress.ip_network(row.prefix) if row.prefix else None
    return network is not None and all(
        kind_of_address(end) in PRIVATE_KINDS for end in (network[0], network[-1])
    )


def prefix_length(row: InventoryRow) -> int:
    """Count the bits of a line's prefix."""
    return ipaddress.ip_network(row.prefix).prefixlen if row.prefix else 0


def folded(site: str) -> str:
    """Bring a site string to the form in which sites are compared."""
    return " ".join(unicodedata.normalize("NFC", site).split()).casefold()


def names(pattern: str, host: str) -> bool:
    """Tell whether an inventory's host name is `host`; a leading `*.` stands for any labels."""
    wanted, found = pattern.lower().rstrip("."), host.lower().rstrip(".")
    return found.endswith(wanted[1:]) if wanted.startswith("*.") else found == wanted
