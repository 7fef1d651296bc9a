"""The options that say how logs are read, over what `auditor.toml` says of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from auditor.cli import options
from auditor.engine.request import LogsAsked, Told
from auditor.errors import Fault, UsageError
from auditor.sources.registry import Format, format_named, format_names


def require_known(name: str, place: str) -> Format:
    """Give the format of a name. Raises UsageError, with the nearest, for one that there is not."""
    found = format_named(name, place)
    if isinstance(found, Fault):
        raise UsageError(found)
    return found


def is_mapping_file(word: str) -> bool:
    """Tell whether a word can only mean a file with a mapping, be it there or not."""
    return Path(word).suffix in (".yaml", ".yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldOptions:
    """What is said of logs beside them; None where an option was not given."""

    zone: options.Zone = None
    server_start: options.ServerStart = None
    relay_public_address: options.RelayPublicAddress = None

    @property
    def told(self) -> Told:
        """Give what is said, as plain values."""
        return Told(
            zone=self.zone,
            server_start=self.server_start,
            public_addresses=tuple((pair.left, pair.right) for pair in self.relay_public_address or ()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyOptions:
    """What of logs is not kept as it is; None where an option was not given."""

    privacy: options.PrivacyOf = None
    privacy_key: options.PrivacyKey = None

    @property
    def key(self) -> str | None:
        """Give where the key of hashes lies."""
        return None if self.privacy_key is None else str(self.privacy_key)

    def over(self, told: Told) -> Told:
        """Add what is said of columns."""
        return replace(told, privacy=tuple((one.column, one.mode) for one in self.privacy or ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatOptions:
    """Which format the logs of a command have; None where an option was not given."""

    format: options.FormatName = None
    mapping: options.MappingFile = None

    def asked(
        self, logs: Sequence[str] | None, listed: Sequence[LogsAsked], told: Told
    ) -> tuple[LogsAsked, ...]:
        """Ask for logs of the command line or, where it names none, for all that are `listed` in a file.

        Raises typer.BadParameter where there are no logs, or two ways to read them.
        """
        if self.format is not None and self.mapping is not None:
            text = "says how to read logs, and so does `--mapping`"
            raise typer.BadParameter(text, param_hint="--format")
        if self.format is not None:
            if is_mapping_file(self.format) and self.format not in format_names():
                text = f"`{self.format}` is no format, but the name of a file"
                raise UsageError(Fault("--format", text, f"--mapping {self.format}"))
            require_known(self.format, "--format")
        if self.mapping is not None and str(self.mapping) in format_names() and not self.mapping.exists():
            text = f"`{self.mapping}` is not there, but there is a format of this name"
            raise UsageError(Fault("--mapping", text, f"--format {self.mapping}"))
        if logs:
            mapping = None if self.mapping is None else str(self.mapping)
            return (LogsAsked(tuple(logs), self.format, mapping, told),)
        if self.format is not None or self.mapping is not None:
            option = "--mapping" if self.format is None else "--format"
            raise typer.BadParameter("says how to read logs, and none is named", param_hint=option)
        if not listed:
            text = "name a log, or list logs in auditor.toml as `[[logs]]`"
            raise typer.BadParameter(text, param_hint="LOG")
        return tuple(one.with_told(told) for one in listed)
