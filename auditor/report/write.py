"""The report as a file of its run directory."""

import os
from pathlib import Path

from auditor.evidence.manifest import Manifest
from auditor.report.html import render_html

REPORT_NAME = "report.html"


def write_report(directory: Path, manifest: Manifest) -> Path:
    """Write `report.html` into a run directory, whole or not at all."""
    page = render_html(directory, manifest)
    target = directory / REPORT_NAME
    partial = directory / f"{REPORT_NAME}.partial"
    try:
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target
