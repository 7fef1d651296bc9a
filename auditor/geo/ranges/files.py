"""The opening of published lists: which files they are, whose, and of which date.

Design: GEOLOCATION.md, sections 2, 7 and 8.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from auditor.errors import Fault, GeoError
from auditor.geo.files import Identity, identity_of, replaced
from auditor.geo.ranges.aws import AWS
from auditor.geo.ranges.azure import AZURE
from auditor.geo.ranges.cloud import recognised
from auditor.geo.ranges.geofeed import read_geofeed
from auditor.geo.ranges.google import GOOGLE
from auditor.geo.ranges.oracle import ORACLE
from auditor.geo.ranges.published import NotPublishedError, Published
from auditor.geo.ranges.strict_json import read_json
from auditor.text import read_text

_PROVIDERS = (AWS, GOOGLE, AZURE, ORACLE)
"""In this order: AWS' file has `prefixes` too, by which Google's is recognised if its date is missing."""

_CLOCK_SLACK = timedelta(days=1)


class RangeForm(StrEnum):
    """What sort of list it is, which decides what it may do: a geofeed only adds a doubt."""

    CLOUD = "cloud"
    GEOFEED = "geofeed"


@dataclass(frozen=True, slots=True)
class RangeFile:
    """A published list, as it was when it was opened.

    `publisher` is the provider, or what the name of a geofeed says besides its date; the files of one
    publisher are editions of one list. `entries` counts distinct prefixes.
    """

    path: str
    identity: Identity
    form: RangeForm
    publisher: str
    published_at: datetime
    entries: int

    @property
    def sha256(self) -> str:
        """The digest of the file."""
        return self.identity.sha256

    @property
    def bytes(self) -> int:
        """The size of the file."""
        return self.identity.bytes


def open_cloud_ranges(paths: Sequence[str], as_of: datetime) -> tuple[RangeFile, ...]:
    """Open the files of cloud providers, in order; which provider's each is, its content tells.

    A file that is named twice is opened once; the same list of another day is another edition. Raises
    GeoError with all faults of all files: those that cannot be read, are no such file or are faulty inside,
    have no date or one later than a day after `as_of`.
    """
    return _opened(paths, RangeForm.CLOUD, as_of)


def open_geofeeds(paths: Sequence[str], as_of: datetime) -> tuple[RangeFile, ...]:
    """Open RFC 8805 geofeeds, in order, with the same promises. The date is in the name of the file."""
    return _opened(paths, RangeForm.GEOFEED, as_of)


def read_published(path: str, form: RangeForm) -> tuple[str, Published]:
    """Read a list: the digest of the bytes that were read, and what they say.

    Raises NotPublishedError with all faults.
    """
    read = read_text(Path(path), path)
    if isinstance(read, Fault):
        raise NotPublishedError(read)
    raw, text = read
    if form is RangeForm.GEOFEED:
        published = read_geofeed(path, text)
    else:
        provider, data = recognised(path, read_json(path, text), _PROVIDERS)
        published = provider.published(path, data)
    return hashlib.sha256(raw).hexdigest(), published


def _opened(paths: Sequence[str], form: RangeForm, as_of: datetime) -> tuple[RangeFile, ...]:
    opened: dict[tuple[str, str, datetime], RangeFile] = {}
    faults: list[Fault] = []
    for path in paths:
        try:
            file = _open(path, form, as_of)
        except NotPublishedError as error:
            faults.extend(error.faults)
        except GeoError as error:
            faults.extend(error.faults)
        else:
            opened.setdefault((file.sha256, file.publisher, file.published_at), file)
    faults.extend(_rivals(opened.values()))
    if faults:
        raise GeoError.of(faults)
    return tuple(opened.values())


def _open(path: str, form: RangeForm, as_of: datetime) -> RangeFile:
    sha256, published = read_published(path, form)
    identity = identity_of(Path(path))
    if identity.sha256 != sha256:
        raise GeoError(replaced(path))
    if published.published_at > as_of + _CLOCK_SLACK:
        dated, clock = f"{published.published_at:%Y-%m-%d}", f"{as_of:%Y-%m-%d}"
        text = f"is of {dated}, which is later than the audit's clock, {clock}"
        raise GeoError(Fault(path, text, "set the clock, or `--as-of`, right"))
    return RangeFile(
        path, identity, form, published.publisher, published.published_at, len(published.entries)
    )


def _rivals(files: Iterable[RangeFile]) -> Iterable[Fault]:
    """Find different files of one publisher and date: one would be heard in place of the other."""
    first: dict[tuple[str, datetime], RangeFile] = {}
    for file in files:
        known = first.setdefault((file.publisher, file.published_at), file)
        if known is not file:
            text = f"is a list of {file.publisher} of the same date as {known.path}, and says something else"
            yield Fault(file.path, text, "name the one that holds")
