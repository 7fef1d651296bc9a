"""Where the rules and the sample that come with the program lie."""

import os
from pathlib import Path

from auditor.errors import Fault, InputError

_PACKAGE = Path(__file__).resolve().parent.parent


def bundled(name: str) -> Path:
    """Find `rules` or `sample_logs`: in the installed package, or in the tree that it runs from.

    The path is relative where it lies below the working folder. Raises InputError if it is not there.
    """
    for folder in (_PACKAGE / "data" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            here = Path.cwd()
            return Path(os.path.relpath(folder, here)) if folder.is_relative_to(here) else folder
    raise InputError(Fault(name, "did not come with this installation", "install auditor again"))
