"""A run → one HTML file that needs nothing but itself."""

import base64
import hashlib
import itertools
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from auditor.evidence.digests import canonical_json
from auditor.evidence.manifest import Manifest
from auditor.report import catalogue, numerals, places, waived
from auditor.report.basis import LISTED_LINES
from auditor.report.phrase import Logged, Phrase, visible
from auditor.report.view import LISTED_FILES, View, view_of

_FACES = (
    ("Source Serif 4", 400, "normal", "source-serif-4-400"),
    ("Source Serif 4", 400, "italic", "source-serif-4-400-italic"),
    ("Source Serif 4", 600, "normal", "source-serif-4-600"),
    ("Source Sans 3", 400, "normal", "source-sans-3-400"),
    ("Source Sans 3", 600, "normal", "source-sans-3-600"),
    ("IBM Plex Mono", 400, "normal", "ibm-plex-mono-400"),
)
_NOT_HERE = {"report.html", "manifest.json"}
_ASSETS = resources.files("auditor.report") / "assets"
_UNSAFE_IN_BLOCK = re.compile("[^ -~]|[<>&]")

SECTIONS = (
    ("1", "Summary"),
    ("2", "Incidents"),
    ("3", "Change since the previous report"),
    ("4", "Where"),
    ("5", "When"),
    ("6", "Register of findings"),
    ("7", "Not determined"),
    ("8", "Excused and waived"),
    ("9", "Rules applied"),
    ("10", "Method"),
    ("11", "Limitations"),
    ("12", "Review"),
    ("13", "Chain of custody"),
    ("14", "Definitions"),
    ("A", "Exhibits"),
    ("B", "Evidence files"),
)
_SECTIONS_WITHOUT_CALLS = ("9", "13")


def render_html(directory: Path, manifest: Manifest) -> str:
    """Render the report of a run: the same run gives the same bytes.

    Of `manifest`, nothing is used that differs between two runs over the same evidence. Design: REPORT.md.
    """
    view = view_of(directory, manifest)
    block = canonical_json(_data_of(view))
    digest = hashlib.sha256(block.encode()).hexdigest()
    style = _style(view, digest)
    style_hash = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page = _environment().get_template("report.html.j2")
    return page.render(
        view=view,
        summary=view.summary,
        manifest=manifest,
        sections=[each for each in SECTIONS if view.audited or each[0] in _SECTIONS_WITHOUT_CALLS],
        outputs=[output for output in manifest.outputs if output.name not in _NOT_HERE],
        files_shown=LISTED_FILES,
        lines_shown=LISTED_LINES,
        csp=_policy(style_hash),
        style=style,
        block=_escaped(block),
        digest=digest,
        paragraph=itertools.count(1).__next__,
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("auditor.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "whole": numerals.whole,
        "decimal": numerals.one_decimal,
        "megabytes": numerals.megabytes,
        "day": numerals.day,
        "short_day": lambda when: numerals.day(when, short=True),
        "clock": numerals.clock,
        "instant": numerals.instant,
        "logged": Logged,
        "state_words": waived.state_words,
        "covered_lines": waived.covered_lines,
        "groups_of_four": _groups_of_four,
        "reject_reason": lambda reason: catalogue.REJECTS.get(reason, reason),
        "value_reason": lambda reason: catalogue.VALUES.get(reason, reason),
    }
    environment.globals |= {
        "percent": numerals.percent,
        "counted": numerals.counted,
        "days_between": numerals.days_between,
        "region_name": places.region_name,
        "texts": catalogue,
        "language": numerals.HTML_LANGUAGE,
    }
    return environment


def _printed(value: Any) -> Any:  # noqa: ANN401  whatever a template prints
    """Print everything visibly: no hidden character passes, and text from outside stands in isolation."""
    if isinstance(value, Phrase):
        return Markup("").join(_printed(part) for part in value.parts)  # escapes what is no markup
    if isinstance(value, Logged):
        return Markup("<bdi>{}</bdi>").format(visible(value))
    if isinstance(value, Markup):
        return value
    return visible(value, len(value)) if isinstance(value, str) else value


def _groups_of_four(digest: str) -> str:
    """Space a digest so that an eye can follow it."""
    return " ".join(digest[start : start + 4] for start in range(0, len(digest), 4))


def _data_of(view: View) -> dict[str, Any]:
    """Gather what ties a paper copy to this file: the result, its inputs, and what is listed."""
    manifest = view.manifest
    return {
        "schema": "auditor/report@1",
        "report_number": view.summary.report_number,
        "summary": view.summary.model_dump(mode="json", by_alias=True, include=_RESULT),
        "inputs": [{"path": each.path, "sha256": each.sha256} for each in manifest.inputs[:LISTED_FILES]],
        "rules": [
            {"id": each.rule_id, "version": each.version, "sha256": each.sha256} for each in manifest.rules
        ],
        "databases": [{"path": each.path, "sha256": each.sha256} for each in manifest.databases],
        "ranges": [{"path": each.path, "sha256": each.sha256} for each in manifest.ranges],
        "ledger": manifest.ledger.head if manifest.ledger else None,
        "outputs": [
            {"name": each.name, "sha256": each.sha256}
            for each in manifest.outputs
            if each.name not in _NOT_HERE
        ],
        "incidents": [row.incident_id for row in view.incidents.rows],
        "findings": [[each.finding_id, each.rule_id, each.verdict] for each in view.listed],
    }


_RESULT = {
    "schema_", "report_number", "as_of", "totals", "calls", "rules", "overall", "uncovered", "idle",
    "undetermined", "only_stale", "waivers", "conditions", "exit_code",
}  # fmt: skip


def _escaped(block: str) -> str:
    """Write as JSON escapes what could end the block or hide in it; parsed, it is the same."""
    return _UNSAFE_IN_BLOCK.sub(lambda found: _by_number(found.group()), block)


def _by_number(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


def _policy(style_hash: str) -> str:
    return (
        f"default-src 'none'; style-src 'sha256-{style_hash}'; font-src data:; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _style(view: View, digest: str) -> str:
    sheet = (_ASSETS / "report.css").read_text(encoding="utf-8")
    texts = {
        "report": view.summary.report_number,
        "digest": digest[:16],
        "notice": view.notice,
    }
    for name, text in texts.items():
        sheet = sheet.replace(f'"%%{name}%%"', _css_text(text))
    return f"{''.join(_font_faces())}{sheet}"


def _css_text(text: str) -> str:
    """Quote text for CSS: all but letters and digits by number, so that it cannot end the string."""
    return (
        '"'
        + "".join(each if each.isascii() and each.isalnum() else f"\\{ord(each):06x}" for each in text)
        + '"'
    )


def _font_faces() -> Iterator[str]:
    for family, weight, slant, name in _FACES:
        face = base64.b64encode((_ASSETS / "fonts" / f"{name}.woff2").read_bytes()).decode()
        yield (
            f"@font-face{{font-family:'{family}';font-weight:{weight};font-style:{slant};font-display:block;"
            f"src:url(data:font/woff2;base64,{face}) format('woff2')}}\n"
        )
