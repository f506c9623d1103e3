import pytest

from fieldline.states import PACKML, STATES, EnergyState, State, TimeElement, state_names, state_of
from ingest.simulator.schedule import State as SimulatedState


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("running", State.PRODUCING),
        ("EXECUTE", State.PRODUCING),
        ("run", State.PRODUCING),
        ("changeover", State.SETUP),
        ("Setup", State.SETUP),
        ("delay", State.IDLE),
        ("starved", State.STARVED),
        ("Blocked", State.BLOCKED),
        ("stopped", State.DOWN),
        ("breakdown", State.DOWN),
        ("fault", State.DOWN),
        ("aborted", State.DOWN),
        ("planned", State.PLANNED_STOP),
        ("break", State.PLANNED_STOP),
        ("maintenance", State.PLANNED_STOP),
        ("standby", State.STANDBY),
        ("Switched off", State.OFF),
        ("undefined", State.UNKNOWN),
    ],
)
def test_the_usual_words_of_devices_name_a_state(name, state):
    assert state_of(name) is state


@pytest.mark.parametrize("name", ["Planned Stop", "PLANNED_STOP", "PlannedStop", "planned-stop", " planned stop "])
def test_case_and_what_joins_words_make_no_difference(name):
    assert state_of(name) is State.PLANNED_STOP


@pytest.mark.parametrize("name", ["", "purple", "6", "日本語", "producing parts"])
def test_a_word_never_heard_of_is_no_state(name):
    assert state_of(name) is None


def test_every_state_is_named_by_its_own_name():
    assert [state_of(state.name) for state in State] == list(State)


def test_no_word_stands_for_two_states():
    words = [name.replace("_", "") for name in state_names()]

    assert len(words) == len(set(words))


def test_the_table_has_one_row_a_state_at_its_number():
    assert [row.state for row in STATES] == list(State)


def test_time_elements_are_those_of_iso_22400():
    elements = {element: [row.state for row in STATES if row.element is element] for element in TimeElement}

    assert elements == {
        TimeElement.UNQUALIFIED: [State.UNKNOWN],
        TimeElement.APT: [State.PRODUCING],
        TimeElement.AUST: [State.SETUP],
        TimeElement.ADET: [State.IDLE, State.STARVED, State.BLOCKED, State.STANDBY],
        TimeElement.ADOT: [State.DOWN, State.OFF],
        TimeElement.PLANNED_STOP: [State.PLANNED_STOP],
    }


def test_energy_that_is_not_productive_is_idle_standby_or_off():
    energy = {kind: [row.state for row in STATES if row.energy is kind] for kind in EnergyState}

    assert energy == {
        EnergyState.UNKNOWN: [State.UNKNOWN],
        EnergyState.PRODUCING: [State.PRODUCING],
        EnergyState.IDLE: [State.SETUP, State.IDLE, State.STARVED, State.BLOCKED, State.DOWN, State.PLANNED_STOP],
        EnergyState.STANDBY: [State.STANDBY],
        EnergyState.OFF: [State.OFF],
    }


# ISA-TR88.00.02-2015: number and name of each state.
_PACKML_NAMES = (
    "clearing stopped starting idle suspended execute stopping aborting aborted holding held unholding suspending "
    "unsuspending resetting completing complete"
).split()


def test_a_packml_state_means_the_same_by_number_and_by_name():
    by_name = {number: state_of(name) for number, name in enumerate(_PACKML_NAMES, 1)}

    assert by_name == PACKML


def test_all_states_of_the_simulator_are_known():
    assert [state_of(state.name.lower()) for state in SimulatedState] == [
        State.IDLE,
        State.PRODUCING,
        State.DOWN,
        State.SETUP,
        State.PLANNED_STOP,
        State.STANDBY,
    ]
