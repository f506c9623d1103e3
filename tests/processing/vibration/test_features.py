"""What a waveform's row comes to, and why it may come to nothing."""

import msgspec
import numpy as np
import pytest

from processing.vibration.evidence import FAULTS
from processing.vibration.features import DOUBTS, FEATURES, PREFIX, Doubt, features
from tests.bits.waves import MACHINE, RATE_HZ, payload, shaken


def said(samples: np.ndarray, rate_hz: float = RATE_HZ, machine: object = MACHINE) -> dict[str, float]:
    found = features(payload(samples, rate_hz), machine)  # type: ignore[arg-type]
    return {name.removeprefix(PREFIX): value for name, value in zip(FEATURES, found.tolist(), strict=True)}


def test_a_sine_has_the_features_of_a_sine() -> None:
    t = np.arange(5120) / RATE_HZ

    found = said(9.81 + 4.0 * np.sin(2 * np.pi * 80.0 * t))

    assert found["doubt"] == Doubt.NONE
    assert found["acceleration_rms_m_s2"] == pytest.approx(4.0 / np.sqrt(2), rel=1e-5)  # the offset means nothing
    assert found["acceleration_peak_m_s2"] == pytest.approx(4.0, rel=1e-3)
    assert (found["kurtosis"], found["crest_factor"]) == pytest.approx((1.5, np.sqrt(2)), rel=1e-3)
    assert found["velocity_rms_mm_s"] == pytest.approx(1e3 * 4.0 / np.sqrt(2) / (2 * np.pi * 80.0), rel=1e-3)
    assert found["displacement_rms_um"] == pytest.approx(1e6 * 4.0 / np.sqrt(2) / (2 * np.pi * 80.0) ** 2, rel=1e-3)


def test_a_worn_outer_race_stands_out() -> None:
    found = said(shaken(2, 20.0))

    assert max(FAULTS, key=lambda fault: found[f"{fault}_evidence"]) == "bpfo"
    assert found["bpfo_evidence"] > 4.0 > found["bsf_evidence"]


def test_samples_in_g_are_as_those_in_metres() -> None:
    x = shaken(1, 6.0)
    in_g = msgspec.structs.replace(MACHINE, acceleration_unit="g", full_scale=None)

    assert said(x / 9.80665, machine=in_g)["velocity_rms_mm_s"] == pytest.approx(said(x)["velocity_rms_mm_s"], rel=1e-6)


WELL = shaken(1, 0.0)


@pytest.mark.parametrize(
    ("samples", "rate_hz", "doubt"),
    [
        (np.full(1280, 9.81), RATE_HZ, Doubt.CONSTANT),
        (np.zeros(1), RATE_HZ, Doubt.CONSTANT),
        (np.clip(5.0 * WELL, -8.0, 8.0), RATE_HZ, Doubt.CLIPPED),
        (WELL * 30.0, RATE_HZ, Doubt.CLIPPED),  # reaches full_scale
        (WELL, RATE_HZ / 2, Doubt.OTHER_RATE),
        (np.where(np.arange(1280) == 7, np.nan, WELL), RATE_HZ, Doubt.UNREADABLE),
        (WELL, -1.0, Doubt.UNREADABLE),
        (WELL, float("nan"), Doubt.UNREADABLE),
        (np.zeros(0), RATE_HZ, Doubt.UNREADABLE),
        (np.zeros((1 << 20) + 1), RATE_HZ, Doubt.TOO_LONG),
    ],
)
def test_a_waveform_that_can_not_be_trusted_says_why_and_nothing_else(
    samples: np.ndarray, rate_hz: float, doubt: Doubt
) -> None:
    found = said(samples, rate_hz)

    assert found.pop("doubt") == doubt and DOUBTS[doubt]
    assert np.isnan(list(found.values())).all()


@pytest.mark.parametrize(
    ("machine", "seconds", "doubt"),
    [
        (MACHINE, 0.19, Doubt.OUT_OF_BAND),
        (msgspec.structs.replace(MACHINE, speed_rpm=1500.0), 0.25, Doubt.SHORT_FOR_ENVELOPE),
    ],
)
def test_a_waveform_that_is_too_short_for_a_band_lacks_only_that(machine: object, seconds: float, doubt: Doubt) -> None:
    found = said(shaken(1, 0.0, seconds=seconds), machine=machine)

    assert found["doubt"] == doubt
    assert np.isnan(found["velocity_rms_mm_s"]) == (doubt is Doubt.OUT_OF_BAND)
    assert np.isnan(found["bpfo_evidence"]) == (doubt is Doubt.SHORT_FOR_ENVELOPE)
    assert found["kurtosis"] > 1.0


def test_without_a_declared_machine_there_is_all_but_the_bearing() -> None:
    t = np.arange(25_600) / 25_600.0

    found = said(np.sin(2 * np.pi * 50.0 * t), 25_600.0, None)

    missing = {name for name, value in found.items() if np.isnan(value)}
    assert missing == {f"{fault}_evidence" for fault in FAULTS} and found["doubt"] == Doubt.NONE
