"""Whatever bytes come, unpacking gives the database or an error, in bounded memory."""

import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.geo.fetching.archive import Caps, unpack
from auditor.geo.fetching.errors import ArchiveError
from tests.geo.fetching.world import archive_of

DATABASE = bytes(range(256)) * 20
MD5 = hashlib.md5(DATABASE, usedforsecurity=False).hexdigest()
CAPS = Caps(unpacked=100_000)


def unpacked(folder: Path, archive: bytes) -> tuple[str, bytes]:
    (folder / "archive").write_bytes(archive)
    md5 = unpack(folder / "archive", folder / "database", CAPS)
    return md5, (folder / "database").read_bytes()


def fault_of(folder: Path, archive: bytes) -> str:
    with pytest.raises(ArchiveError) as caught:
        unpacked(folder, archive)
    return caught.value.text


def tar_of(*headers: tarfile.TarInfo, form: int = tarfile.PAX_FORMAT) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", format=form) as tar:
        for header in headers:
            tar.addfile(header, io.BytesIO(DATABASE[: header.size]))
    return packed.getvalue()


def header_of(name: str, *, kind: bytes = tarfile.REGTYPE, size: int = len(DATABASE)) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.type, header.size = kind, size
    return header


def test_the_database_is_written_and_hashed(tmp_path: Path) -> None:
    archive = archive_of({"E_1/COPYRIGHT.txt": b"x" * 700, "E_1/E.mmdb": DATABASE, "E_1/LICENSE.txt": b"y"})
    assert unpacked(tmp_path, archive) == (MD5, DATABASE)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_form_of_archive_is_read(tmp_path: Path, form: int) -> None:
    dated = header_of("E_1/E.mmdb")
    dated.mtime = 1.5  # makes an extended header
    folder = header_of("E_1", kind=tarfile.DIRTYPE, size=0)
    assert unpacked(tmp_path, tar_of(folder, dated, form=form)) == (MD5, DATABASE)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE])
def test_a_database_that_is_no_file_is_refused(tmp_path: Path, kind: bytes) -> None:
    link = header_of("E.mmdb", kind=kind, size=0)
    link.linkname = "/etc/hostname"
    assert fault_of(tmp_path, tar_of(link)) == "the database in the archive is no file"


def test_links_beside_the_database_are_passed_over(tmp_path: Path) -> None:
    link = header_of("latest", kind=tarfile.SYMTYPE, size=0)
    link.linkname = "E.mmdb"
    assert unpacked(tmp_path, tar_of(link, header_of("E.mmdb"))) == (MD5, DATABASE)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.REGTYPE])
def test_a_header_that_says_it_is_huge_takes_no_memory(tmp_path: Path, kind: bytes) -> None:
    huge = header_of("huge", kind=kind, size=8**11 - 1).tobuf(tarfile.USTAR_FORMAT)
    assert fault_of(tmp_path, gzip.compress(huge + bytes(50_000))) == (
        "the archive unpacks to more than a database can be"
    )


def test_a_header_with_a_size_below_nothing_is_damage(tmp_path: Path) -> None:
    below = header_of("E.mmdb", size=-512).tobuf(tarfile.GNU_FORMAT)
    assert fault_of(tmp_path, gzip.compress(below + bytes(2000))) == (
        "the archive is damaged or cut off: HeaderError"
    )


WHOLE = archive_of({"E_1/NOTE.txt": b"note", "E_1/E.mmdb": DATABASE})


@given(length=st.integers(0, len(WHOLE) - 1))
def test_an_archive_cut_anywhere_gives_the_database_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, length: int
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    try:
        found = unpacked(folder, WHOLE[:length])
    except ArchiveError as error:
        nothing = "the archive has no database in it"
        assert error.text == nothing if not length else "damaged or cut off" in error.text  # noqa: PT017  both may be
    else:
        assert found == (MD5, DATABASE)


TAR = gzip.decompress(WHOLE)


@pytest.mark.parametrize("length", [10, 512, 600, 1100, 1536, 1540, 5000])
def test_a_whole_compression_of_a_cut_archive_is_damage(tmp_path: Path, length: int) -> None:
    assert fault_of(tmp_path, gzip.compress(TAR[:length])).startswith("the archive is ")


@given(data=st.data())
def test_an_archive_with_bytes_of_its_tar_changed_gives_a_digest_of_what_is_written_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("changed")
    tar = bytearray(TAR)
    for _ in range(data.draw(st.integers(1, 4))):
        tar[data.draw(st.integers(0, 2048))] = data.draw(st.integers(0, 255))
    try:
        md5, written = unpacked(folder, gzip.compress(tar, 1))
    except ArchiveError:
        return
    assert md5 == hashlib.md5(written, usedforsecurity=False).hexdigest()
