"""Every codec that is installed, held to what codecs promise; see `codec_checks.py`."""

from collections.abc import Callable

import pytest

from ingest.codecs import Codec, codecs
from tests.contracts import codec_checks

CODECS = codecs()


@pytest.mark.parametrize("check", codec_checks.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", [pytest.param(name, id=f"ingest.codecs.{name}") for name in CODECS])
def test_a_codec_keeps_its_promises(name: str, check: Callable[[Codec], None]) -> None:
    check(CODECS[name])


@pytest.mark.parametrize("name", [pytest.param(name, id=f"ingest.codecs.{name}") for name in CODECS])
def test_a_codec_has_a_manual(name: str) -> None:
    codec_checks.check_manual(CODECS.manual(name))
