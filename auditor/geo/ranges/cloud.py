"""What the cloud providers' files have in common: regions, dates, and how a file is recognised."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from auditor.errors import Fault
from auditor.geo.ranges.published import Collector, NotPublishedError, Published, printable
from auditor.geo.ranges.regions import said_of_region

_REGION = re.compile(r"[A-Za-z0-9-]{1,64}")
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)?", re.ASCII)


def _region_name(written: str) -> str:
    if not _REGION.fullmatch(written):
        raise PydanticCustomError("region", "is no name of a region")
    return written


RegionName = Annotated[str, AfterValidator(_region_name)]


class Listing(Collector):
    """One provider's file, as it is read: prefixes, each in a region."""

    def __init__(self, shown: str, provider: str) -> None:
        super().__init__(shown)
        self._provider = provider

    def assign(self, prefix: str, region: str, key: str) -> None:
        """Take in a prefix, and in which region it is said to be."""
        self.add(prefix, said_of_region(self._provider, region), key)

    def closed(self, published_at: datetime | None) -> Published:
        """Close the list."""
        return self.published(self._provider, published_at)

    def iso_instant(self, key: str, written: str) -> datetime | None:
        """Read an instant, which is in UTC where it has no offset; None, and a fault, if it is none."""
        try:
            if _ISO.fullmatch(written):
                read = datetime.fromisoformat(written)
                return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        self.no_instant(key, written, "2025-07-31T18:18:01.103975")
        return None

    def no_instant(self, key: str, written: str, example: str) -> None:
        """Note that a text is no instant."""
        hint = f"{self._provider} writes dates such as `{example}`"
        self.fault(key, f"`{printable(written)}` is no instant", hint)


@dataclass(frozen=True, slots=True)
class Provider:
    """How a provider's file is recognised, by any of the keys that only it has at the top, and read.

    `read` takes the listing to fill and the JSON object; it gives the date of the list, or None with a fault.
    """

    name: str
    marks: frozenset[str]
    read: Callable[[Listing, Mapping[str, Any]], datetime | None]

    def published(self, shown: str, data: Mapping[str, Any]) -> Published:
        """Read a whole file. Raises NotPublishedError with all its faults."""
        listing = Listing(shown, self.name)
        return listing.closed(self.read(listing, data))


def recognised(
    shown: str, data: object, providers: tuple[Provider, ...]
) -> tuple[Provider, Mapping[str, Any]]:
    """Say whose file a JSON value is. Raises NotPublishedError if it is no provider's."""
    if isinstance(data, dict):
        for provider in providers:
            if provider.marks & data.keys():
                return provider, data
    known = ", ".join(provider.name for provider in providers)
    hint = f"known are the files that these publish, as they publish them: {known}"
    raise NotPublishedError(
        Fault(shown, "is no list of a cloud provider's address ranges that we know", hint)
    )
