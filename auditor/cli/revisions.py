"""Rules as they were in a revision of a git repository, written out beside the working tree."""

import posixpath
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from auditor.errors import Fault, InputError

_DEFAULT = "./rules"
_PACKS = "packs"
_YAML = (".yaml", ".yml")
_LINK = "120000"
_HINT = "a revision is a branch, a tag or a commit, as `HEAD~1` or `HEAD~1:rules`"


@dataclass(frozen=True, slots=True)
class Revision:
    """A folder or file of a commit. `text` is what the user wrote, `path` counts from the top of the tree."""

    text: str
    commit: str
    path: str

    @classmethod
    def of(cls, text: str) -> "Revision":
        """Read `REV` or `REV:PATH`. A path counts from the top, as with git; `./` from this folder.

        Raises InputError if there is no git, no repository, no such revision, or nothing at the path.
        """
        if shutil.which("git") is None:
            raise InputError(Fault(text, "is no file and no folder, and git is not there to look further"))
        prefix = _git("rev-parse", "--show-prefix")
        if prefix is None:
            raise InputError(Fault(text, "is no file and no folder, and no git repository is here", _HINT))
        name, _, path = text.partition(":")
        commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        if not name or commit is None:
            raise InputError(Fault(text, "is no file, no folder and no git revision", _HINT))
        revision = cls(text, commit.decode().strip(), _from_top(path or _DEFAULT, prefix.decode().strip()))
        if _git("cat-file", "-e", revision._object) is None:
            fault = Fault(text, f"there is no `{revision.path}` in `{name}`", f"name it: `{name}:PATH`")
            raise InputError(fault)
        return revision

    def write(self, folder: Path) -> Path:
        """Write what belongs to the path into a folder; say where it now is.

        Only YAML files are written. To a pack, or a file in one, belongs what is around `packs/` too.
        """
        for path, content in self._files():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        return folder / self.path

    @property
    def _object(self) -> str:
        return f"{self.commit}:{'' if self.path == '.' else self.path}"

    def _root(self) -> str:
        """Name the folder that has all that the path may need."""
        path = PurePosixPath(self.path)
        is_folder = (_git("cat-file", "-t", self._object) or b"").strip() == b"tree"
        folder = path if is_folder else path.parent
        return str(folder.parent.parent if folder.parent.name == _PACKS else folder)

    def _files(self) -> Iterator[tuple[PurePosixPath, bytes]]:
        root = self._root()
        listed = _git(
            "ls-tree", "-r", "-z", "--full-tree", self.commit, *([] if root == "." else ["--", f"{root}/"])
        )
        for entry in (listed or b"").split(b"\0")[:-1]:
            head, _, raw = entry.partition(b"\t")
            mode, _, digest = head.decode().split()
            path = PurePosixPath(raw.decode("utf-8", "surrogateescape"))
            if path.suffix.lower() not in _YAML:
                continue
            content = None if mode == _LINK or ".." in path.parts else _git("cat-file", "blob", digest)
            if content is None:
                raise InputError(Fault(f"{self.text}: {path}", "is no regular file in this revision"))
            yield path, content


def _from_top(path: str, prefix: str) -> str:
    """Say where a path is, from the top of the tree. Raises InputError for one that leads out of it."""
    relative = path.startswith(("./", "../")) or path in (".", "..")
    whole = posixpath.normpath(posixpath.join(prefix, path) if relative else path)
    if whole.startswith(("..", "/")):
        raise InputError(Fault(path, "is outside the git repository"))
    return whole


def _git(*words: str) -> bytes | None:
    """Run git; give what it writes, or None if it refuses."""
    git = shutil.which("git") or "git"
    done = subprocess.run([git, *words], capture_output=True, check=False)  # noqa: S603  no shell, and revisions never stand where git reads options
    return done.stdout if done.returncode == 0 else None
