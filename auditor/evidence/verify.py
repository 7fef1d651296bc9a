"""Is a run still what its manifest says? Offline, from the directory alone."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from auditor.errors import Fault, RunError
from auditor.evidence.digests import sha256_of_file
from auditor.evidence.manifest import Database, EvidenceFile, InputFile, Manifest
from auditor.evidence.run import MANIFEST, load_manifest

RULE_FILES = ("rule", "groups", "windows", "waiver")
"""The kinds of evidence file that make up the rules."""


def faults_in(run: Path) -> list[Fault]:
    """List what is missing, altered or added in a run directory; an empty list means that it is intact.

    The manifest is checked against the digest that it holds of itself. Raises RunError if it cannot be read.
    """
    manifest = load_manifest(run)
    return [
        *_manifest_faults(run / MANIFEST, manifest),
        *_output_faults(run, manifest),
        *_strangers(run, manifest),
    ]


def load_intact(run: Path) -> Manifest:
    """Load the manifest of a run whose files are all as it wrote them; what was added beside them may stay.

    Raises RunError with every file that is missing or altered: nothing may be concluded from such a run.
    """
    manifest = load_manifest(run)
    faults = [*_manifest_faults(run / MANIFEST, manifest), *_output_faults(run, manifest)]
    if faults:
        raise RunError(*faults)
    return manifest


def input_faults(manifest: Manifest, base: Path) -> list[Fault]:
    """List the inputs of a run that are missing, unreadable, or no longer what was read."""
    return _faults_of([*manifest.inputs, *manifest.evidence, *manifest.databases], base)


def log_faults(manifest: Manifest, base: Path) -> list[Fault]:
    """List the inputs of a run that are missing or altered, and that other rules would read as well."""
    sides = [item for item in manifest.evidence if item.kind not in RULE_FILES]
    return _faults_of([*manifest.inputs, *sides, *manifest.databases], base)


def _faults_of(read: Iterable[InputFile | EvidenceFile | Database], base: Path) -> list[Fault]:
    return [fault for item in read for fault in _file_faults(base / item.path, item.path, item.sha256)]


def _manifest_faults(path: Path, manifest: Manifest) -> Iterator[Fault]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise RunError(Fault(str(path), f"cannot be read: {error.strerror}")) from None
    if manifest.sealed().self_sha256 != manifest.self_sha256 or manifest.to_text() != text:
        yield Fault(str(path), "was altered: it does not have the digest that it states")


def _output_faults(run: Path, manifest: Manifest) -> Iterator[Fault]:
    for output in manifest.outputs:
        yield from _file_faults(run / output.name, str(run / output.name), output.sha256)


def _strangers(run: Path, manifest: Manifest) -> Iterator[Fault]:
    known = {MANIFEST, *(output.name for output in manifest.outputs)}
    for path in sorted(run.iterdir()):
        if path.name not in known:
            yield Fault(
                str(path), "is not named in the manifest", "a run directory holds only what the run wrote"
            )


def _file_faults(path: Path, shown: str, sha256: str) -> Iterator[Fault]:
    try:
        if not path.is_file():
            yield Fault(shown, "is missing")
        elif (found := sha256_of_file(path)) != sha256:
            yield Fault(shown, f"was altered: SHA-256 is {found}, the manifest says {sha256}")
    except OSError as error:
        yield Fault(shown, f"cannot be read: {error.strerror}")
