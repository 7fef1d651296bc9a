"""`auditor.toml`: what an organisation would else write into every command.

Design: GEOLOCATION.md, section 2.
"""

import glob
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from auditor.engine.config_faults import faults_in, line_of
from auditor.engine.request import HIGHEST_MAX_AGE_DAYS, LocationSources, LogsAsked, Told
from auditor.errors import Fault, InputError
from auditor.geo.candidates import Trust
from auditor.geo.schemas import Opinion
from auditor.sources.language import Privacy
from auditor.text import read_text

DEFAULT_PATH = Path("auditor.toml")

_Text = Annotated[str, Field(min_length=1, pattern=r"^[^\x00]*$")]

_STRICT = ConfigDict(extra="forbid", strict=True)


class DatabaseNamed(BaseModel):
    """A database or a folder of them, what it knows, and who made it."""

    model_config = _STRICT

    path: _Text
    opinion: Opinion | None = Field(default=None, strict=False)
    vendor: str | None = Field(default=None, pattern=r"^[^:@/\s][^:@/]*$")


class LocationSection(BaseModel):
    """`[location]`: each key stands for the option of its name."""

    model_config = _STRICT

    databases: list[_Text | DatabaseNamed] | None = None
    inventory: list[_Text] | None = None
    cloud_ranges: list[_Text] | None = None
    geofeeds: list[_Text] | None = None
    ledger: _Text | None = None
    site_names: list[_Text] | None = None
    relay_lists: list[_Text] | None = None
    nat64_prefixes: list[_Text] | None = None
    max_age_days: int | None = Field(default=None, ge=0, le=HIGHEST_MAX_AGE_DAYS)
    min_confidence: int | None = Field(default=None, ge=0, le=100)
    trust: Trust | None = Field(default=None, strict=False)
    documentation_is_public: bool | None = None


class LogsSection(BaseModel):
    """One of `[[logs]]`: logs of one format, and what is told of them."""

    model_config = _STRICT

    paths: list[_Text] = Field(min_length=1)
    format: _Text | None = None
    mapping: _Text | None = None
    zone: _Text | None = None
    server_start: AwareDatetime | None = None
    relay_public_address: dict[str, str] = Field(default_factory=dict)
    privacy: dict[str, Privacy] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _read_in_one_way(self) -> "LogsSection":
        if self.format is not None and self.mapping is not None:
            raise PydanticCustomError(
                "two_ways", "has both `format` and `mapping`", {"hint": "give one of them"}
            )
        return self


class ConfigFile(BaseModel):
    """The whole file."""

    model_config = _STRICT

    logs: list[LogsSection] = Field(default_factory=list)
    location: LocationSection = Field(default_factory=LocationSection)


@dataclass(frozen=True, slots=True)
class Config:
    """What a file says, its paths put beside it."""

    location: LocationSection = field(default_factory=LocationSection)
    logs: tuple[LogsAsked, ...] = ()


def load_config(path: Path | None) -> Config:
    """Read a configuration; without a path that of this folder, if there is one.

    Paths in it lie beside it, and stars stand for every file that is there. Raises InputError.
    """
    place = path or DEFAULT_PATH
    if path is None and not place.exists():
        return Config()
    read = read_text(place, str(place))
    if isinstance(read, Fault):
        raise InputError(read)
    _, text = read
    try:
        read_as = ConfigFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InputError(Fault(str(place), f"is not TOML: {error}")) from None
    except ValidationError as error:
        raise InputError.of(faults_in(str(place), text, error, ConfigFile)) from None
    logs = tuple(
        _asked(section, place, line_of(text, ("logs", number))) for number, section in enumerate(read_as.logs)
    )
    return Config(_found(read_as.location, place), logs)


def sources_of(section: LocationSection) -> LocationSources:
    """Say where the evidence of places lies, as far as the file does."""
    said = section.model_dump(exclude={"databases", "relay_lists"}, exclude_none=True)
    named: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in said.items()
    }
    return LocationSources(geo=tuple(_spelled(section.databases or ())), **named)


def _asked(section: LogsSection, place: Path, line: int) -> LogsAsked:
    told = Told(
        zone=section.zone,
        server_start=section.server_start,
        public_addresses=tuple(section.relay_public_address.items()),
        privacy=tuple(section.privacy.items()),
    )
    return LogsAsked(
        paths=tuple(_beside(place, path) for path in section.paths),
        format=section.format,
        mapping=None if section.mapping is None else _beside(place, section.mapping),
        told=told,
        place=f"{place}:{line}",
    )


def _spelled(databases: Iterable[str | DatabaseNamed]) -> Iterator[str]:
    """Spell databases as `--geo` takes them."""
    for one in databases:
        if isinstance(one, str):
            yield one
            continue
        vendor = f"@{one.vendor}" if one.vendor else ""
        opinion = one.opinion or (Opinion.LOCATION if vendor else None)
        yield f"{opinion}{vendor}:{one.path}" if opinion else one.path


def _found(section: LocationSection, place: Path) -> LocationSection:
    """Put every path beside the file; a pattern that fits none is a fault."""
    faults: list[Fault] = []
    changes: dict[str, Any] = {
        name: list(_expanded(getattr(section, name), name, place, faults))
        for name in ("inventory", "cloud_ranges", "geofeeds", "relay_lists")
        if getattr(section, name) is not None
    }
    if section.ledger is not None:
        changes["ledger"] = _beside(place, section.ledger)
    if section.databases is not None:
        changes["databases"] = [
            one.model_copy(update={"path": _beside(place, one.path)})
            for one in map(_named, section.databases)
        ]
    if faults:
        raise InputError.of(faults)
    return section.model_copy(update=changes)


def _named(one: str | DatabaseNamed) -> DatabaseNamed:
    return DatabaseNamed(path=one) if isinstance(one, str) else one


def _expanded(patterns: list[str], name: str, place: Path, faults: list[Fault]) -> Iterator[str]:
    for pattern in patterns:
        path = _beside(place, pattern)
        found = sorted(glob.glob(path)) if glob.has_magic(path) else [path]  # noqa: PTH207  the pattern has a folder
        if not found:
            faults.append(Fault(str(place), f"location.{name}: no file fits `{pattern}`"))
        yield from found


def _beside(place: Path, path: str) -> str:
    return str(place.parent / path)
