"""When a certificate ends is read out of its file: until 2049 it stands in UTCTime, after that in GeneralizedTime."""

import ssl
import subprocess
from pathlib import Path

import pytest

from fieldline.certificates import file_ends_s


@pytest.mark.parametrize("days", [-1, 30, 20_000])
@pytest.mark.parametrize(
    "key", [("-newkey", "rsa:2048"), ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")]
)
def test_the_end_of_a_file_is_what_openssl_says(tmp_path: Path, days: int, key: tuple[str, ...]) -> None:
    found, request, secret = (tmp_path / name for name in ("cert.pem", "csr.pem", "key.pem"))
    run("req", *key, "-nodes", "-subj", "/CN=device 1/O=plant", "-keyout", str(secret), "-out", str(request))
    run("x509", "-req", "-in", str(request), "-key", str(secret), "-days", str(days), "-out", str(found))
    both = tmp_path / "both.pem"
    both.write_text(secret.read_text() + "a word between\n" + found.read_text())

    wanted = ssl.cert_time_to_seconds(run("x509", "-in", str(found), "-noout", "-enddate").strip().partition("=")[2])

    assert file_ends_s(str(found)) == file_ends_s(str(both)) == wanted


@pytest.mark.parametrize("text", ["", "nothing", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_has_no_end(tmp_path: Path, text: str) -> None:
    (tmp_path / "cert.pem").write_text(text)

    assert file_ends_s(str(tmp_path / "cert.pem")) is None


def run(*arguments: str) -> str:
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60, text=True).stdout
