"""The invented geography: which documentation prefix lies where, and who says so.

Relays lie in the three IPv4 documentation blocks, a /28 a site, and in 3fff::/20, a /48 a site. Clients
lie in 2001:db8::/32, a /40 a country, and in the upper half of 192.0.2.0/24.
"""

from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network
from random import Random

from .facts import EVERYWHERE
from .values import Countries, Relay, utc


@dataclass(frozen=True, slots=True)
class Site:
    """A relay site. `open`: the countries that database and inventory together leave open for it.

    `database` is the country that the sample database gives; None where it gives none, and `record` then
    says which record it has instead, if any.
    """

    code: str
    prefix: str
    prefix6: str | None
    database: str | None
    open: Countries
    record: str | None = None


def _plain(code: str, country: str, prefix: str, number: int) -> Site:
    """Place a site in the country that the database gives, and nobody contradicts."""
    return Site(code, prefix, f"3fff:0:{number:x}::/48", country, frozenset((country,)))


_PLAIN = (
    _plain("SJ-1", "US", "192.0.2.0/28", 1),
    _plain("NY-1", "US", "192.0.2.16/28", 2),
    _plain("DAL-1", "US", "192.0.2.32/28", 3),
    _plain("SEA-1", "US", "192.0.2.48/28", 4),
    _plain("TOR-1", "CA", "192.0.2.64/28", 5),
    _plain("VAN-1", "CA", "192.0.2.80/28", 6),
    _plain("FRA-1", "DE", "198.51.100.0/28", 0x11),
    _plain("AMS-1", "NL", "198.51.100.32/28", 0x13),
    _plain("DUB-1", "IE", "198.51.100.48/28", 0x14),
    _plain("LON-1", "GB", "198.51.100.64/28", 0x15),
    _plain("ZRH-1", "CH", "198.51.100.80/28", 0x16),
    _plain("SYD-1", "AU", "198.51.100.96/28", 0x17),
    _plain("MEL-1", "AU", "198.51.100.112/28", 0x18),
    _plain("MUM-1", "IN", "198.51.100.128/28", 0x19),
    _plain("HYD-1", "IN", "198.51.100.144/28", 0x1A),
    _plain("TYO-1", "JP", "203.0.113.0/28", 0x21),
    _plain("OSA-1", "JP", "203.0.113.16/28", 0x22),
    _plain("HK-1", "HK", "203.0.113.32/28", 0x23),
    _plain("SG-1", "SG", "203.0.113.48/28", 0x24),
    _plain("BJ-1", "CN", "203.0.113.64/28", 0x25),
    _plain("TJ-1", "CN", "203.0.113.80/28", 0x26),
    _plain("SZ-1", "CN", "203.0.113.96/28", 0x27),
    _plain("SHA-1", "CN", "203.0.113.112/28", 0x28),
)

_DOUBTFUL = (
    # The inventory says DE, the database CN: both stay open.
    Site("FRA-2", "198.51.100.16/28", None, "CN", frozenset(("DE", "CN"))),
    Site("EDGE-1", "203.0.113.128/28", None, None, EVERYWHERE, record="anycast"),
    # Anycast too, but the inventory attests where its instances are.
    Site("EDGE-2", "203.0.113.144/28", None, None, frozenset(("DE", "NL")), record="anycast"),
    Site("EU-9", "203.0.113.160/28", None, None, EVERYWHERE, record="continent"),
    Site("REG-1", "203.0.113.176/28", None, None, EVERYWHERE, record="registered"),
    # Put into service after the database was built: it has no record.
    Site("NEW-1", "203.0.113.192/28", None, None, EVERYWHERE),
)

SITES = {site.code: site for site in (*_PLAIN, *_DOUBTFUL)}

ON_PREMISES = "ON-7"
ON_PREMISES_PREFIX = "10.7.0.0/24"
ON_PREMISES_UNTIL = utc(2020, 4, 10)
"""Until then the inventory attests that this private network is in Canada; afterwards nothing does."""

ATTESTED_SITE = "LUX-3"
"""A site whose relays are logged without an address; the inventory places it in Luxembourg."""

EDGE_NAMES = "edge.example"
"""A domain whose hosts the inventory places in the Netherlands."""

RELAYS_PER_SITE = 6
SHARE_OF_IPV6 = 0.2


def relay_at(code: str, random: Random) -> Relay:
    """Pick a relay of a site."""
    site = SITES[code]
    number = random.randrange(1, RELAYS_PER_SITE + 1)
    over_ipv6 = site.prefix6 is not None and random.random() < SHARE_OF_IPV6
    network = ip_network(site.prefix6 if over_ipv6 and site.prefix6 else site.prefix)
    return Relay(str(network[number]), code, site.open)


def on_premises_relay(at: datetime, random: Random) -> Relay:
    """Pick a relay of the private network, which the inventory places for a time only."""
    open_then = frozenset(("CA",)) if at < ON_PREMISES_UNTIL else EVERYWHERE
    return Relay(f"10.7.0.{random.randrange(1, RELAYS_PER_SITE + 1)}", ON_PREMISES, open_then)


CLIENT_COUNTRIES = (
    *("US", "CA", "MX", "BR", "DE", "FR", "NL", "GB", "IE", "CH", "ES", "IT", "PL", "SE"),
    *("AU", "NZ", "IN", "SG", "AE", "CN", "HK", "TW", "JP", "KR"),
)
UNLISTED_CLIENTS = "2001:db8:ff00::/40"
"""Client networks that the database does not know."""

_CLIENTS_IPV4 = {
    "US": "192.0.2.128/27",
    "DE": "192.0.2.160/27",
    "IN": "192.0.2.192/27",
    "CN": "192.0.2.224/27",
}


def client_networks() -> dict[str, list[str]]:
    """List the client networks of each country, as the database has them."""
    networks = {
        code: [f"2001:db8:{number << 8:x}::/40"] for number, code in enumerate(CLIENT_COUNTRIES, start=1)
    }
    for code, network in _CLIENTS_IPV4.items():
        networks[code].append(network)
    return networks


SHARE_OF_IPV4_CLIENTS = 0.15


def client_in(country: str, random: Random) -> str:
    """Invent the address of a client in a country."""
    number = 1 + CLIENT_COUNTRIES.index(country)
    if country in _CLIENTS_IPV4 and random.random() < SHARE_OF_IPV4_CLIENTS:
        return str(ip_network(_CLIENTS_IPV4[country])[random.randrange(1, 31)])
    network, subnet = (number << 8) + random.randrange(256), random.randrange(1, 1 << 16)
    return f"2001:db8:{network:x}:{subnet:x}::{random.randrange(2, 256):x}"
