"""Where an address may be: the candidate sets of GEOLOCATION.md, sections 1 to 8, one address at a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tests.reference.attested import answers_of_inventory, folded
from tests.reference.countries import ALL
from tests.reference.facts import ROLES
from tests.reference.kinds import PRIVATE_KINDS, TEST_KINDS, Address, Kind, kind_of, kind_of_address
from tests.reference.opened import Databases
from tests.reference.ranges import answers_of_clouds, countries_of_geofeeds, countries_of_site
from tests.reference.recorded import answers_of_ledger
from tests.reference.said import ANYCAST, Answer
from tests.reference.world import Connection, Settings, World, covers


@dataclass(frozen=True, slots=True)
class Place:
    """The countries that the evidence leaves open, and why; `counted` answers were united."""

    candidates: frozenset[str]
    reasons: frozenset[str]

    @classmethod
    def of(cls, counted: Iterable[frozenset[str]], doubts: Iterable[str | None]) -> "Place":
        """Unite what counts; where nothing does, everything is open, and the doubts say why."""
        sets = list(counted)
        if not sets:
            return cls(ALL, frozenset(doubt for doubt in doubts if doubt) or frozenset({"no_source"}))
        if len(set(sets)) > 1:
            return cls(frozenset().union(*sets), frozenset({"contested"}))
        if len(sets[0]) > 1:
            return cls(sets[0], frozenset({"footprint"}))
        return cls(sets[0], frozenset({"agreed" if len(sets) > 1 else "single_source"}))

    def doubted_by(self, declared: frozenset[str]) -> "Place":
        """Add what geofeeds declare: they may add a doubt, and never remove one."""
        if declared <= self.candidates:
            return self
        return Place(self.candidates | declared, self.reasons | {"geofeed"})


class Evidence:
    """All that can be asked: opened databases, lists, recordings and settings."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._settings = world.settings
        self._databases = Databases(world.databases, "location", world.settings)
        self._proxies = Databases(world.databases, "anonymity", world.settings)

    def close(self) -> None:
        """Close the databases."""
        self._databases.close()
        self._proxies.close()

    def relay_of(self, connection: Connection) -> Place:
        """Locate a relay at the start; one of an unknown role wherever one of the roles puts it."""
        if connection["role"] != "unknown":
            return self._relay_in(connection, connection["role"])
        places = [self._relay_in(connection, role) for role in ROLES]
        reasons = frozenset[str]().union(*(place.reasons for place in places))
        return Place(frozenset[str]().union(*(place.candidates for place in places)), reasons)

    def _relay_in(self, connection: Connection, role: str) -> Place:
        kind, at = kind_of(connection["relay_ip"], self._settings.nat64_prefixes), connection["started_at"]
        address, looked_up = self._asked_of_relay(kind)
        dated = [row for row in self._world.inventory if covers(row.since, row.until, at)]
        valid = [row for row in dated if row.role in (None, role)]
        attested = list(answers_of_inventory(valid, address, kind, connection))
        said = self._said_of_relay(address, at) if looked_up and address else []
        doubts = [answer.reason for answer in said]
        doubts += doubts_of_relay(kind, connection["relay_site"])
        trusted = [one.countries for one in attested if one.firm and self._settings.trust == "inventory"]
        if trusted:
            return Place.of([one.countries for one in attested], doubts)
        own = [one.countries for one in attested]
        if is_anycast(kind, said):
            return Place.of(own, doubts)
        place = Place.of(own + self._counted_beside(said, connection), doubts)
        return place.doubted_by(self._declared_by_geofeeds(address, at) if looked_up else frozenset())

    def _said_of_relay(self, address: Address, at: datetime) -> list[Answer]:
        """Ask all that know addresses, save the inventory and the geofeeds."""
        world = self._world
        return [
            *self._databases.answers(address, at),
            *answers_of_clouds(world.ranges, address, at, self._settings.max_age),
            *answers_of_ledger(world.ledger, address, at, self._settings),
        ]

    def _counted_beside(self, said: Iterable[Answer], connection: Connection) -> list[frozenset[str]]:
        """List what counts beside the inventory: an address is not everywhere, and so somewhere."""
        declared, site = connection["relay_country_declared"], connection["relay_site"]
        return [
            *(answer.countries for answer in said if answer.countries),
            *([frozenset({declared})] if declared else []),
            *(countries_of_site(folded(site), self._settings.site_names) if site else []),
        ]

    def participant_of(self, connection: Connection) -> Place:
        """Locate the participant: the declared country and the client address's set, united."""
        declared = connection["participant_country_declared"]
        said = frozenset({declared}) if declared else frozenset()
        if connection["client_ip"] is None:
            return Place(said or ALL, frozenset() if said else frozenset({"no_client"}))
        client = self._client_of(connection["client_ip"], connection["started_at"])
        return Place(client.candidates | said, client.reasons)

    def _client_of(self, text: str, at: datetime) -> Place:
        kind = kind_of(text, self._settings.nat64_prefixes)
        address: Address | None = kind.address
        name = kind.kind
        if kind.inner is not None:
            address, name = kind.inner, kind_of_address(kind.inner)
        if address is None or not self._is_public(name):
            return Place(ALL, frozenset({name}))
        if self._proxies.anonymised(address, at):
            return Place(ALL, frozenset({"anonymised"}))
        answers = list(self._databases.answers(address, at))
        doubts = {answer.reason for answer in answers}
        if doubts & ANYCAST:
            return Place(ALL, frozenset({"anycast"}))
        place = Place.of([answer.countries for answer in answers if answer.countries], doubts)
        return place.doubted_by(self._declared_by_geofeeds(address, at))

    def _declared_by_geofeeds(self, address: Address | None, at: datetime) -> frozenset[str]:
        if address is None:
            return frozenset()
        return countries_of_geofeeds(self._world.geofeeds, address, at, self._settings.max_age)

    def _is_public(self, kind: str) -> bool:
        return is_public(kind, self._settings)

    def _asked_of_relay(self, kind: Kind) -> tuple[Address | None, bool]:
        """Choose the address that the inventory is asked about, and whether the others are, too."""
        if kind.kind == "nat64" and kind.inner is not None:
            public = self._is_public(kind_of_address(kind.inner))
            return (kind.inner, True) if public else (None, False)
        if self._is_public(kind.kind):
            return kind.address, True
        if kind.kind in PRIVATE_KINDS | TEST_KINDS | {"anycast"}:
            return kind.address, False
        return None, False


def is_public(kind: str, settings: Settings) -> bool:
    """Tell whether an address of some kind is looked up."""
    return kind == "global" or (kind == "documentation" and settings.documentation_is_public)


def is_anycast(kind: Kind, said: Iterable[Answer]) -> bool:
    """Tell whether an address is in many places at once, by our own table or by what is said of it."""
    return kind.kind == "anycast" or any(answer.reason in ANYCAST for answer in said)


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
        "anycast": "anycast",
        "masked": "masked",
        "unparsable": "unparsable",
        "host_name": "hostname_only",
        "global": "",
        "nat64": "",
    }
    return {named.get(kind.kind, "not_public")} - {""}
