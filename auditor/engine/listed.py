"""Which entries of relay lists allowed the relays of findings, and since when."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from ipaddress import IPv6Network

import polars as pl

from auditor.engine.rows import distinct
from auditor.geo.addresses import classify
from auditor.geo.fields import name_key, site_key
from auditor.geo.relay_lists import ListEntry, RelayLists
from auditor.geo.stretches import Stretches, block_of, number_of
from auditor.model import INCIDENT, INSTANT, LIST_ENTRY, Role, Schema, Subject

MOST_NAMED = 100
"""An incident names so many entries at most."""

_RELAY = ("relay_ip", "relay_site", "relay_name")
_HANDED = ("__relay", "home_region", "tier", "role", "__participant")
_PLACES = pl.List(pl.String)
_OVER_TIME: Schema = {"__handed": pl.UInt32, "from": INSTANT, "places": _PLACES}


class Listed:
    """Relay lists, indexed. `nat64` are the prefixes of translators: see `geo.addresses.classify`."""

    def __init__(self, lists: RelayLists, nat64: Sequence[IPv6Network] = ()) -> None:
        self._nat64 = nat64
        self._entries = tuple({entry.place: entry for entry in lists.entries}.values())
        self._prefixed = [at for at, entry in enumerate(self._entries) if entry.prefix is not None]
        self._stretches = Stretches.of([block_of(self._entries[at].prefix or "") for at in self._prefixed])
        self._by_site = _grouped(entry.site_key for entry in self._entries)
        self._by_name = _grouped(entry.name_key for entry in self._entries)
        named = (entry.participants for entry in self._entries)
        self._participants = list(dict.fromkeys(one for one in named if one is not None))

    def entries_of(self, findings: pl.DataFrame) -> pl.Series:
        """Name, for each row of findings, the entries that allowed its relay at its start, as `file:line`.

        An entry fits in all that both it and the finding say: what a log does not tell rules none out. Null
        where a finding is about no single relay.
        """
        relays, relay = distinct(findings, _RELAY)
        fitting = list(self._fitting(relays))
        keyed = findings.with_columns(
            relay.alias("__relay"), pl.col("participant_countries").list.join(" ").alias("__participant")
        )
        handed, number = distinct(keyed, _HANDED)
        names = findings.select("started_at").with_columns(number.alias("__handed"))
        allowing = names.with_row_index("__row").sort("started_at").join_asof(
            self._over_time(handed, fitting).sort("from"),
            left_on="started_at",
            right_on="from",
            by="__handed",
            strategy="backward",
            check_sortedness=False,  # both sides were sorted in this expression
        )  # fmt: skip
        places = allowing.sort("__row")["places"]
        single = pl.when(findings["subject"] == Subject.CONNECTION)
        nobody = pl.lit([], dtype=_PLACES)
        return pl.select(
            single.then(pl.coalesce(places, nobody)).cast(_PLACES).alias("list_entries")
        ).to_series()

    def described(self) -> pl.DataFrame:
        """Describe each entry, in the order of the lists: `entry`, and `described` as LIST_ENTRY."""
        rows = [
            {
                "entry": entry.place,
                "home_region": entry.home_region,
                "tier": entry.tier,
                "role": entry.role,
                "relay": entry.relay,
                "from": entry.from_at,
                "until": entry.until_at,
            }
            for entry in self._entries
        ]
        described = pl.Series("described", rows, dtype=LIST_ENTRY)
        return pl.DataFrame({"entry": [entry.place for entry in self._entries], "described": described})

    def _fitting(self, relays: pl.DataFrame) -> Iterator[list[ListEntry]]:
        """Find the entries that are about each relay, whoever is handed them, and whenever."""
        kinds = classify(relays["relay_ip"], nat64=self._nat64).select("kind", "address", "inner")
        for row in relays.hstack(kinds).iter_rows(named=True):
            addresses = [row["address"], row["inner"] if row["kind"] == "nat64" else None]
            host = row["relay_ip"] if row["kind"] == "host_name" else None
            yield list(
                self._about(
                    [address for address in addresses if address is not None],
                    None if row["relay_site"] is None else site_key(row["relay_site"]),
                    [name_key(name) for name in (row["relay_name"], host) if name is not None],
                )
            )

    def _about(self, addresses: Sequence[str], site: str | None, names: Sequence[str]) -> Iterator[ListEntry]:
        """Take the entries of which all that the log knows agrees, and at least one thing does."""
        by_prefix = {place for address in addresses for place in self._holding(address)}
        by_site = set(self._by_site.get(site, ())) if site is not None else set[int]()
        by_name = {
            at for name in names for pattern in _patterns(name) for at in self._by_name.get(pattern, ())
        }
        for at in sorted(by_prefix | by_site | by_name):
            entry = self._entries[at]
            agrees = (
                (not addresses or entry.prefix is None or at in by_prefix)
                and (site is None or entry.site is None or at in by_site)
                and (not names or entry.name is None or at in by_name)
            )
            if agrees:
                yield entry

    def _holding(self, address: str) -> Iterator[int]:
        version = 6 if ":" in address else 4
        stretch = self._stretches.index_of(number_of(address, version), version)
        return (self._prefixed[place] for place in self._stretches.chain_of(stretch))

    def _over_time(self, handed: pl.DataFrame, fitting: Sequence[Sequence[ListEntry]]) -> pl.DataFrame:
        """Cut time for each distinct row of `handed` wherever an entry begins or ends to allow its relay."""
        rows = [
            (number, at, places)
            for number, row in enumerate(handed.iter_rows(named=True))
            for at, places in _changes(_handed(fitting[row["__relay"]], row))
        ]
        return pl.DataFrame(rows, schema=_OVER_TIME, orient="row")


def with_list_entries(incidents: pl.DataFrame, listed: Listed | None) -> pl.DataFrame:
    """Describe the entries that incidents name in `list_entries`; without lists there are none to name."""
    if listed is None:
        nothing = {name: INCIDENT[name] for name in ("list_entries", "findings_on_no_list")}
        return incidents.with_columns(
            pl.lit(None, dtype=dtype).alias(name) for name, dtype in nothing.items()
        )
    known = listed.described().with_row_index("__order")
    told = (
        incidents.select("incident_id", entry="list_entries")
        .explode("entry", empty_as_null=True)
        .join(known, on="entry", how="inner", validate="m:1")
        .sort(pl.col("described").struct.field("from"), "__order")
        .group_by("incident_id", maintain_order=True)
        .agg(pl.col("described").head(MOST_NAMED))
    )
    joined = incidents.join(told, on="incident_id", how="left", maintain_order="left", validate="1:1")
    entries = pl.coalesce("described", pl.lit([], dtype=INCIDENT["list_entries"]))
    return joined.with_columns(list_entries=entries).drop("described")


def _handed(entries: Iterable[ListEntry], row: dict[str, str | None]) -> list[ListEntry]:
    """Take the entries that may have been handed to a client of this region, for this tier and role."""
    region, tier, role = row["home_region"], row["tier"], row["role"]
    written = row["__participant"]
    participants = None if written is None else frozenset(written.split())
    return [
        entry
        for entry in entries
        if (region is None or entry.home_region == region)
        and (tier is None or entry.tier in (None, tier))
        and (role in (None, Role.UNKNOWN) or entry.role in (None, role))
        and (participants is None or entry.participants is None or participants & entry.participants)
    ]


def _changes(entries: Sequence[ListEntry]) -> Iterator[tuple[datetime, list[str]]]:
    """Say from each instant at which that changes which entries hold."""
    ends = {entry.until_at for entry in entries if entry.until_at is not None}
    for at in sorted({entry.from_at for entry in entries} | ends):
        held = (e for e in entries if e.from_at <= at and (e.until_at is None or at < e.until_at))
        yield at, [entry.place for entry in held]


def _patterns(name: str) -> Iterator[str]:
    """Give a host name, and each ending of it that an entry with `*.` may have."""
    yield name
    labels = name.split(".")
    yield from (f"*.{'.'.join(labels[start:])}" for start in range(1, len(labels)))


def _grouped(keys: Iterable[str | None]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for at, key in enumerate(keys):
        if key is not None:
            groups.setdefault(key, []).append(at)
    return groups
