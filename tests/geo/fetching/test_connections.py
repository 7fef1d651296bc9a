"""The server is known by its certificate, and a proxy hears no more than it must."""

import base64
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.geo.fetching.certificate import certificate_of, new_key
from tests.geo.fetching.conftest import MakeDatabase, RunUpdate
from tests.geo.fetching.world import KEY, World, serving

LITE = "GeoLite2-Country"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate with its key, in one file."""
    key = new_key()
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_text(certificate_of(key) + key.pem)
    return path


@pytest.fixture
def world_over_tls(world: World, certificate: Path) -> Iterator[World]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with serving(world, tls) as host, serving(world, tls) as storage:
        world.host, world.storage = host, storage
        yield world


def test_an_edition_is_fetched_over_tls_from_a_server_whose_authority_is_trusted(
    world_over_tls: World,
    make_database: MakeDatabase,
    run_update: RunUpdate,
    certificate: Path,
    tmp_path: Path,
) -> None:
    offered = world_over_tls.offer(LITE, make_database(LITE)).database
    host = world_over_tls.host.removeprefix("https://")
    words = ("--edition", LITE, "--dir", tmp_path / "geo")
    done = run_update(*words, GEOIPUPDATE_HOST=host, SSL_CERT_FILE=str(certificate))
    assert done.stderr == (f"{LITE}: built on 2026-11-20\n")
    assert done.exit_code == 0
    assert (tmp_path / "geo" / f"{LITE}.mmdb").read_bytes() == offered


def test_a_server_whose_authority_nobody_knows_is_not_asked(
    world_over_tls: World, make_database: MakeDatabase, run_update: RunUpdate, tmp_path: Path
) -> None:
    world_over_tls.offer(LITE, make_database(LITE))
    words = ("--edition", LITE, "--dir", tmp_path / "geo")
    done = run_update(*words, GEOIPUPDATE_HOST=world_over_tls.host)
    assert done.stderr.startswith(f"error: {LITE}: the certificate of 127.0.0.1 is not trusted: self")
    assert "SSL_CERT_FILE" in done.stderr
    assert (done.exit_code, world_over_tls.asked) == (6, [])


class Proxy:
    """A proxy that makes tunnels, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._tunnel, args=(client,), daemon=True).start()

    def _tunnel(self, client: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += client.recv(1)
        self.asked.append(head.decode())
        host, _, port = head.split()[1].decode().partition(":")
        with socket.create_connection((host, int(port))) as server, client:
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=pass_on, args=(server, client), daemon=True)
            back.start()
            pass_on(client, server)
            back.join()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


def pass_on(source: socket.socket, target: socket.socket) -> None:
    try:
        while block := source.recv(65536):
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    proxy = Proxy()
    yield proxy
    proxy.close()


def test_a_proxy_is_told_its_own_password_and_not_the_key(  # noqa: PLR0913, PLR0917  fixtures
    world_over_tls: World,
    make_database: MakeDatabase,
    run_update: RunUpdate,
    certificate: Path,
    proxy: Proxy,
    tmp_path: Path,
) -> None:
    offered = world_over_tls.offer(LITE, make_database(LITE)).database
    done = run_update(
        *("--edition", LITE, "--dir", tmp_path / "geo"),
        GEOIPUPDATE_HOST=world_over_tls.host,
        GEOIPUPDATE_PROXY=proxy.address,
        GEOIPUPDATE_PROXY_USER_PASSWORD="me:pass word",  # noqa: S106  of a proxy that is a test's
        SSL_CERT_FILE=str(certificate),
    )
    assert (done.exit_code, done.stderr) == (0, f"{LITE}: built on 2026-11-20\n")
    assert (tmp_path / "geo" / f"{LITE}.mmdb").read_bytes() == offered
    assert len(proxy.asked) == 3
    own = base64.b64encode(b"me:pass word").decode()
    assert all(f"Proxy-Authorization: Basic {own}\r\n" in head for head in proxy.asked)
    assert all(KEY not in head and "\r\nAuthorization" not in head for head in proxy.asked)
    assert all("Proxy-Authorization" not in asked.headers for asked in world_over_tls.asked)


def test_a_proxy_that_is_not_there_is_told_without_its_password(
    world: World, run_update: RunUpdate, tmp_path: Path
) -> None:
    with serving(World()) as gone:
        pass
    done = run_update(
        *("--edition", LITE, "--dir", tmp_path / "geo"),
        GEOIPUPDATE_PROXY=gone.replace("//", "//me:hidden@"),
        GEOIPUPDATE_RETRY_FOR="0",
    )
    assert done.stderr.startswith(f"error: {LITE}: the connection to 127.0.0.1 broke: Connection refused")
    assert (done.exit_code, "hidden" in done.stderr, world.asked) == (6, False, [])


def test_what_a_proxy_refuses_is_told(
    world_over_tls: World, run_update: RunUpdate, certificate: Path, tmp_path: Path
) -> None:
    with serving(World()) as no_proxy:
        done = run_update(
            *("--edition", LITE, "--dir", tmp_path / "geo"),
            GEOIPUPDATE_HOST=world_over_tls.host,
            GEOIPUPDATE_PROXY=no_proxy,
            GEOIPUPDATE_RETRY_FOR="0",
            SSL_CERT_FILE=str(certificate),
        )
    assert "the connection to 127.0.0.1 broke: Tunnel connection failed: 501" in done.stderr
    assert done.exit_code == 6
