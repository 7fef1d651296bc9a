"""The server of editions: which is the newest, and its archive. Design: GEOLOCATION.md, section 10."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Annotated, BinaryIO
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from auditor.geo.fetching.archive import Caps
from auditor.geo.fetching.errors import ArchiveError, BrokenError, RefusedError
from auditor.geo.fetching.partial import Label, Partial
from auditor.geo.fetching.patience import Patience
from auditor.geo.fetching.settings import Settings
from auditor.geo.fetching.statuses import error_of
from auditor.geo.fetching.transport import Answer, Credentials, Route, Transport

_METADATA_CAP = 1 << 20
_GONE = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.GONE,
)
"""So a storage answers when a link that the server gave has run out."""
_STRONG_ETAG = re.compile(r'"[\x21\x23-\x7e]+"')
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,15})-[0-9]{1,15}/([0-9]{1,15}|\*)")

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Released:
    """The newest that the server has of an edition. `md5` is of the database, not of its archive."""

    edition: str
    md5: str
    released_on: date


class _Listed(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)

    md5: Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{32}$", to_lower=True)]
    date: date
    edition_id: str | None = None


class _Metadata(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)

    databases: tuple[_Listed, ...]


@dataclass(frozen=True, slots=True)
class Download:
    """What is to be known of an archive that has come.

    `doubtful` if it was put together from several answers, or did not say how long it is.
    """

    last_modified: str | None
    doubtful: bool


@dataclass(frozen=True, slots=True)
class _Errand:
    """What is fetched, into what, and where from."""

    released: Released
    partial: Partial
    route: Route


class Server:
    """Asks for editions, again and again as far as the patience goes."""

    def __init__(self, settings: Settings, patience: Patience, caps: Caps) -> None:
        self._host = settings.host
        self._credentials = Credentials(settings.account_id, settings.license_key)
        self._transport = Transport(settings.host, self._credentials, settings.proxy, patience.silence)
        self._patience = patience
        self._caps = caps

    def released(self, edition: str, tell: Tell) -> Released:
        """Ask which edition is the newest. Raises FetchError."""
        url = f"{self._host}/geoip/updates/metadata?{urlencode({'edition_id': edition})}"
        return self._patience.ask(lambda: self._released(edition, Route(url)), tell)

    def download(self, released: Released, partial: Partial, tell: Tell) -> Download:
        """Fetch the archive of an edition, taking up what there is of it. Raises FetchError."""
        query = urlencode({"date": f"{released.released_on:%Y%m%d}", "suffix": "tar.gz"})
        route = Route(f"{self._host}/geoip/databases/{released.edition}/download?{query}")
        errand = _Errand(released, partial, route)
        return self._patience.ask(lambda: self._taken_up(errand), tell)

    def _released(self, edition: str, route: Route) -> Released:
        with self._transport.get(route, {}) as answer:
            if answer.status != HTTPStatus.OK:
                raise error_of(answer, edition, self._credentials)
            body = answer.start(_METADATA_CAP)
        try:
            databases = _Metadata.model_validate_json(body).databases
        except ValidationError:
            text = f"{answer.host} gave an answer that names no digest and date"
            raise RefusedError(text, "is `Host` the server of editions, and nothing in between?") from None
        if len(databases) != 1 or databases[0].edition_id not in (None, edition):
            raise RefusedError(f"{answer.host} answered for another edition")
        return Released(edition, databases[0].md5, databases[0].date)

    def _taken_up(self, errand: _Errand) -> Download:
        """Fetch what is missing, from where the archive was found before, as long as that holds."""
        partial, route = errand.partial, errand.route
        label = partial.label_for(errand.released.md5)
        if label and partial.size == label.total:
            return Download(label.last_modified, doubtful=True)
        headers = {"Range": f"bytes={partial.size}-", "If-Range": label.etag} if label else {}
        found_before = route.moved
        with self._transport.get(route, headers) as answer:
            if not (found_before and answer.status in _GONE):
                return self._received(answer, errand, label)
        route.restart()
        return self._taken_up(errand)

    def _received(self, answer: Answer, errand: _Errand, label: Label | None) -> Download:
        partial = errand.partial
        if answer.status == HTTPStatus.OK:
            begun = _label_of(answer, errand.released)
            self._write(answer, partial, partial.begun(begun), 0)
            return Download(answer.header("Last-Modified"), doubtful=answer.length is None)
        if label and answer.status == HTTPStatus.PARTIAL_CONTENT and _continues(answer, label, partial.size):
            self._write(answer, partial, partial.continued(), partial.size)
            return Download(answer.header("Last-Modified") or label.last_modified, doubtful=True)
        if label and answer.status in (
            HTTPStatus.PARTIAL_CONTENT,
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
        ):
            partial.discard()
            raise BrokenError(f"{answer.host} does not go on where it broke off")
        raise error_of(answer, errand.released.edition, self._credentials)

    def _write(
        self, answer: Answer, partial: Partial, opened: AbstractContextManager[BinaryIO], size: int
    ) -> None:
        """Write an archive from `size` on; one that is too large is thrown away."""
        try:
            with opened as file:
                for block in self._capped(answer, size):
                    file.write(block)
        except ArchiveError:
            partial.discard()
            raise

    def _capped(self, answer: Answer, size: int) -> Iterator[bytes]:
        size += answer.length or 0
        for block in answer.blocks():
            size += len(block) if answer.length is None else 0
            if size > self._caps.archive:
                raise ArchiveError(f"{answer.host} sends more than an archive can be")
            yield block


def _label_of(answer: Answer, released: Released) -> Label | None:
    """Label an archive that may be taken up: only a strong tag tells that it is still the same."""
    etag = answer.header("ETag") or ""
    if not _STRONG_ETAG.fullmatch(etag):
        return None
    return Label(
        md5=released.md5, etag=etag, total=answer.length, last_modified=answer.header("Last-Modified")
    )


def _continues(answer: Answer, label: Label, size: int) -> bool:
    """Tell whether a part is the one that was asked for."""
    told = _CONTENT_RANGE.fullmatch(answer.header("Content-Range") or "")
    same = answer.header("ETag") in (None, label.etag)
    whole = label.total is None or (told and told[2] in ("*", str(label.total)))
    return bool(told and same and whole and int(told[1]) == size)
