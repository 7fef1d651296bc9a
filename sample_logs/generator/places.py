"""The invented geography: which documentation prefix lies where, and who says so.

Relays lie in the three IPv4 documentation blocks, a /28 a site, and in 3fff::/20, a /48 a site. Clients
lie in 2001:db8::/32, a /40 a country, and in the upper half of 192.0.2.0/24.
"""

from dataclasses import dataclass
from ipaddress import ip_network
from random import Random

from .evidence import NO_RECORD, Said, placed
from .values import Relay, utc


@dataclass(frozen=True, slots=True)
class Site:
    """A relay site. `record` is what the sample's country database has for it in place of a country."""

    code: str
    prefix: str
    prefix6: str | None
    said: Said
    record: str | None = None
    operator: str = "the provider"

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Its networks."""
        return (self.prefix,) if self.prefix6 is None else (self.prefix, self.prefix6)


def _plain(  # noqa: PLR0913  a line of a table, spelled as a call
    code: str,
    country: str,
    prefix: str,
    number: int,
    *,
    attested: str | None = None,
    vendor: str | None = None,
) -> Site:
    """Place a site in the country that both editions of the database give."""
    said = placed(country, attested=attested, vendor=vendor)
    return Site(code, prefix, f"3fff:0:{number:x}::/48", said)


_PLAIN = (
    _plain("SJ-1", "US", "192.0.2.0/28", 1, attested="US", vendor="US"),
    _plain("NY-1", "US", "192.0.2.16/28", 2),
    _plain("DAL-1", "US", "192.0.2.32/28", 3),
    _plain("SEA-1", "US", "192.0.2.48/28", 4),
    _plain("TOR-1", "CA", "192.0.2.64/28", 5),
    _plain("VAN-1", "CA", "192.0.2.80/28", 6),
    _plain("FRA-1", "DE", "198.51.100.0/28", 0x11, attested="DE", vendor="DE"),
    _plain("AMS-1", "NL", "198.51.100.32/28", 0x13),
    _plain("DUB-1", "IE", "198.51.100.48/28", 0x14),
    _plain("LON-1", "GB", "198.51.100.64/28", 0x15),
    _plain("ZRH-1", "CH", "198.51.100.80/28", 0x16),
    _plain("SYD-1", "AU", "198.51.100.96/28", 0x17),
    _plain("MEL-1", "AU", "198.51.100.112/28", 0x18),
    _plain("MUM-1", "IN", "198.51.100.128/28", 0x19),
    _plain("HYD-1", "IN", "198.51.100.144/28", 0x1A),
    _plain("TYO-1", "JP", "203.0.113.0/28", 0x21),
    # The two makers disagree, and no verdict hangs on it.
    _plain("OSA-1", "JP", "203.0.113.16/28", 0x22, vendor="KR"),
    _plain("HK-1", "HK", "203.0.113.32/28", 0x23),
    _plain("SG-1", "SG", "203.0.113.48/28", 0x24),
    _plain("BJ-1", "CN", "203.0.113.64/28", 0x25, attested="CN"),
    # The two of the mistake have IPv4 alone, so that each is one entry of a relay list.
    Site("TJ-1", "203.0.113.80/28", None, placed("CN", attested="CN", vendor="CN")),
    Site("SZ-1", "203.0.113.96/28", None, placed("CN")),
    _plain("SHA-1", "CN", "203.0.113.112/28", 0x28),
)

_DOUBTFUL = (
    # The operator's word against the databases: of all makers, of one, and once it is the more harmless one.
    Site("FRA-2", "198.51.100.16/28", None, placed("CN", attested="DE")),
    Site("HKG-2", "203.0.113.208/28", None, placed("CN", attested="HK", vendor="HK")),
    Site("VIE-1", "198.51.100.160/28", None, placed("US", attested="AT", vendor="US")),
    Site("STO-1", "198.51.100.176/28", None, placed("SE", attested="SE", vendor="SG")),
    Site("EDGE-1", "203.0.113.128/28", None, Said(anycast=True), record="anycast"),
    # Anycast too, but the inventory attests where its instances are.
    Site("EDGE-2", "203.0.113.144/28", None, Said(attested="DE NL", anycast=True), record="anycast"),
    Site("EU-9", "203.0.113.160/28", None, NO_RECORD, record="continent"),
    Site("REG-1", "203.0.113.176/28", None, NO_RECORD, record="registered"),
    # Put into service after the database was built: it has no record.
    Site("NEW-1", "203.0.113.192/28", None, NO_RECORD),
    # Its addresses moved between the two editions.
    Site("MAD-1", "198.51.100.192/28", None, Said(march="ES", april="US")),
    # Only the cloud provider's list knows it, and only the other maker; both grow too old.
    Site("CLOUD-1", "198.51.100.208/28", None, Said(cloud="DE"), operator="a cloud"),
    Site("POZ-1", "198.51.100.224/28", None, Said(vendor="PL")),
    # Only the ledger knows it, of an edition that was not kept.
    Site("BRE-1", "192.0.2.112/28", None, Said(recorded="DE")),
    # The holder of the addresses says that they are used elsewhere.
    Site("BER-1", "198.51.100.240/28", None, placed("DE", geofeed="US")),
)

SITES = {site.code: site for site in (*_PLAIN, *_DOUBTFUL)}

LEASED = {"KR": "203.0.113.224/28", "BR": "192.0.2.96/28"}
"""Networks of another holder, whose relays are logged by address alone."""

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


def relays_of(site: Site) -> list[str]:
    """Give the IPv4 addresses of a site's relays."""
    return [str(ip_network(site.prefix)[number]) for number in range(1, RELAYS_PER_SITE + 1)]


def relay_at(code: str, random: Random, declared: str | None = None) -> Relay:
    """Pick a relay of a site; the log may declare a country of its own."""
    site = SITES[code]
    number = random.randrange(1, RELAYS_PER_SITE + 1)
    over_ipv6 = site.prefix6 is not None and random.random() < SHARE_OF_IPV6
    network = ip_network(site.prefix6 if over_ipv6 and site.prefix6 else site.prefix)
    return Relay(str(network[number]), code, site.said, declared=declared)


def on_premises_relay(random: Random) -> Relay:
    """Pick a relay of the private network, which the inventory places for a time only."""
    said = Said(attested="CA", attested_until=ON_PREMISES_UNTIL, asked=False)
    return Relay(f"10.7.0.{random.randrange(1, RELAYS_PER_SITE + 1)}", ON_PREMISES, said)


def leased_relay(country: str) -> Relay:
    """Give a relay in another holder's network, that no site is logged of."""
    return Relay(str(ip_network(LEASED[country])[9]), None, placed(country))


CLIENT_COUNTRIES = (
    *("US", "CA", "MX", "BR", "DE", "FR", "NL", "GB", "IE", "CH", "ES", "IT", "PL", "SE"),
    *("AU", "NZ", "IN", "SG", "AE", "CN", "HK", "TW", "JP", "KR"),
)
UNLISTED_CLIENTS = "2001:db8:ff00::/40"
"""Client networks that the database does not know."""

BEHIND_A_VPN = "2001:db8:fe00::/48"
HOSTED = "2001:db8:fe01::/48"
"""Client networks in Germany: where a VPN ends, and of a hosting provider, which alone hides nobody."""

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
    networks["DE"] += [BEHIND_A_VPN, HOSTED]
    return networks


SHARE_OF_IPV4_CLIENTS = 0.15


def client_in(country: str, random: Random) -> str:
    """Invent the address of a client in a country."""
    number = 1 + CLIENT_COUNTRIES.index(country)
    if country in _CLIENTS_IPV4 and random.random() < SHARE_OF_IPV4_CLIENTS:
        return str(ip_network(_CLIENTS_IPV4[country])[random.randrange(1, 31)])
    network, subnet = (number << 8) + random.randrange(256), random.randrange(1, 1 << 16)
    return f"2001:db8:{network:x}:{subnet:x}::{random.randrange(2, 256):x}"
