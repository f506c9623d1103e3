"""Machine states: one table of what each means to time and energy, and the names and numbers by which devices tell them.

Time elements are those of ISO 22400-2:2014, clause 5 (time model of a work unit). PackML's state numbers are those of
ANSI/ISA-TR88.00.02-2015, *Machine and Unit States* (tag `Status.StateCurrent`, 1 to 17; OPC UA for PackML counts otherwise).
"""

import re
from enum import IntEnum
from typing import NamedTuple


class State(IntEnum):
    """What a machine does. Numbers are kept in state and in metrics: they never change."""

    UNKNOWN = 0
    PRODUCING = 1
    SETUP = 2
    IDLE = 3
    STARVED = 4
    BLOCKED = 5
    DOWN = 6
    PLANNED_STOP = 7
    STANDBY = 8
    OFF = 9


class TimeElement(IntEnum):
    """Which element of the ISO 22400-2 time model a state's time belongs to."""

    UNQUALIFIED = 0
    """Nothing is known: neither uptime nor downtime."""
    APT = 1
    """Actual production time."""
    AUST = 2
    """Actual unit setup time."""
    ADET = 3
    """Actual unit delay time: could produce, does not."""
    ADOT = 4
    """Actual unit downtime: cannot produce, and that was not planned."""
    PLANNED_STOP = 5
    """Outside planned busy time, as a break of the calendar is."""


class EnergyState(IntEnum):
    """Whose energy a state's energy is: what is not `PRODUCING` is the price of not producing."""

    UNKNOWN = 0
    PRODUCING = 1
    IDLE = 2
    """On and ready to go on at once."""
    STANDBY = 3
    """Sent to rest; needs time to come back."""
    OFF = 4


class StateMeaning(NamedTuple):
    """A row of the table: what holds while a machine is in this state."""

    state: State
    element: TimeElement
    energy: EnergyState
    meaning: str


STATES: tuple[StateMeaning, ...] = (
    StateMeaning(State.UNKNOWN, TimeElement.UNQUALIFIED, EnergyState.UNKNOWN, "no signal, or a state never heard of"),
    StateMeaning(State.PRODUCING, TimeElement.APT, EnergyState.PRODUCING, "makes parts, good or bad"),
    StateMeaning(State.SETUP, TimeElement.AUST, EnergyState.IDLE, "changeover, setting up, starting, cleaning"),
    StateMeaning(State.IDLE, TimeElement.ADET, EnergyState.IDLE, "could produce; waits, also in a microstop"),
    StateMeaning(State.STARVED, TimeElement.ADET, EnergyState.IDLE, "waits for material from upstream"),
    StateMeaning(State.BLOCKED, TimeElement.ADET, EnergyState.IDLE, "can't pass on what it made"),
    StateMeaning(State.DOWN, TimeElement.ADOT, EnergyState.IDLE, "breakdown, fault, stopped"),
    StateMeaning(State.PLANNED_STOP, TimeElement.PLANNED_STOP, EnergyState.IDLE, "break, maintenance: meant to stand"),
    StateMeaning(State.STANDBY, TimeElement.ADET, EnergyState.STANDBY, "sent to rest to save energy"),
    StateMeaning(State.OFF, TimeElement.ADOT, EnergyState.OFF, "switched off"),
)
"""One row a state; `STATES[state]` is its row."""

_NAMES: dict[State, str] = {
    State.UNKNOWN: "unknown undefined unqualified no_signal offline",
    State.PRODUCING: "producing production running run execute executing active busy working processing "
    "in_production in_cycle",
    State.SETUP: "setup changeover setting_up tooling tool_change adjustment warm_up heating "
    "cleaning starting resetting completing",
    State.IDLE: "idle delay waiting wait ready paused microstop minor_stop hold holding held unholding "
    "suspending suspended unsuspending complete completed feed_hold",
    State.STARVED: "starved starving starvation no_material material_missing lack_of_material waiting_for_material",
    State.BLOCKED: "blocked blocking jam_downstream downstream_full output_full backed_up",
    State.DOWN: "down stop stopped stopping breakdown broken_down failure failed fault faulted error alarm aborted "
    "aborting abort clearing emergency_stop estop unplanned_stop unplanned_downtime downtime repair",
    State.PLANNED_STOP: "planned planned_stop planned_downtime scheduled_stop break pause lunch maintenance "
    "planned_maintenance preventive_maintenance meeting training not_scheduled no_order holiday",
    State.STANDBY: "standby sleep sleeping energy_saving eco hibernate",
    State.OFF: "off switched_off power_off powered_off shutdown",
}
_NOT_A_LETTER = re.compile(r"[\W_]+")
_STATE_OF = {name.replace("_", ""): state for state, names in _NAMES.items() for name in names.split()}


def state_of(name: str) -> State | None:
    """The state that a device's word for it means; None for a word never heard of.

    Case, blanks, `_` and `-` make no difference: `Planned Stop`, `PLANNED_STOP` and `PlannedStop` are one. Who gets None
    counts the word and takes `State.UNKNOWN`: its time is unqualified, not guessed.
    """
    return _STATE_OF.get(state_word(name))


def state_word(name: str) -> str:
    """A device's word for a state as it is looked up: `Planned Stop` and `PLANNED_STOP` are one word."""
    return _NOT_A_LETTER.sub("", name).casefold()


def state_names() -> tuple[str, ...]:
    """Every word that `state_of` knows, in the table's order; what messages propose the nearest of."""
    return tuple(name for names in _NAMES.values() for name in names.split())


PACKML: dict[int, State] = {
    1: State.DOWN,  # clearing: on its way back from aborted
    2: State.DOWN,  # stopped
    3: State.SETUP,  # starting
    4: State.IDLE,  # idle
    # A suspended machine is starved or blocked, a held one waits for its operator; the number does not tell which.
    5: State.IDLE,  # suspended
    6: State.PRODUCING,  # execute
    7: State.DOWN,  # stopping
    8: State.DOWN,  # aborting
    9: State.DOWN,  # aborted
    10: State.IDLE,  # holding
    11: State.IDLE,  # held
    12: State.IDLE,  # unholding
    13: State.IDLE,  # suspending
    14: State.IDLE,  # unsuspending
    15: State.SETUP,  # resetting
    16: State.SETUP,  # completing
    17: State.IDLE,  # complete
}
"""State numbers of ISA-TR88.00.02; any other number (0 is *undefined*) is `State.UNKNOWN`."""
