"""Times of reception: one for each message, the same for one that comes again."""

import json

import numpy as np

from fieldline.log import Record
from fieldline.plant import Plant
from fieldline.settings import IngestSettings
from ingest.arrivals import CAME, Arrivals, message_key, sender_number
from ingest.batch import Batch, Gatherer
from ingest.columns import to_readings
from ingest.decoder import Decoder
from ingest.packets import DUPLICATE, QOS_1, RETAIN, Message

NOW = 1_767_225_600_000_000_000
SECOND = 1_000_000_000
SENDER = sender_number("device")


class NoLog:
    """Says how large a record may be; nothing is appended here."""

    max_record_bytes = 1 << 20


def gatherer() -> Gatherer:
    plant = Plant()
    return Gatherer(Decoder(plant, IngestSettings()), plant, NoLog(), 4)


def message(payload: bytes, identifier: int, flags: int = 0, topic: bytes = b"a/l/m/x") -> Message:
    return topic, payload, identifier, QOS_1 | flags, len(payload), SENDER


def times(batch: Batch) -> list[int]:
    return to_readings(batch.rows).time.tolist()


def test_messages_without_a_time_that_are_read_in_one_go_are_readings_of_their_own_in_order() -> None:
    gathers = gatherer()
    batch = gathers.begin(1, 0.0)

    gathers.take(batch, [message(b"1", at) for at in range(1, 61)], NOW)
    gathers.take(batch, [message(b"1", at) for at in range(61, 121)], NOW)

    assert len(set(times(batch))) == 120
    assert times(batch) == sorted(times(batch))
    assert max(times(batch)) - NOW < 1_000_000


def test_a_clock_that_steps_back_does_not_change_the_order_and_one_that_was_wrong_is_believed_again() -> None:
    arrivals = Arrivals()

    first = arrivals.begin(NOW)
    second = arrivals.begin(NOW - 30 * SECOND)
    third = arrivals.begin(NOW - 8 * 86_400 * SECOND)

    assert first < second < first + SECOND
    assert third == NOW - 8 * 86_400 * SECOND


def test_a_message_that_comes_again_has_its_first_time_and_another_one_its_own() -> None:
    gathers = gatherer()
    batch = gathers.begin(1, 0.0)

    gathers.take(batch, [message(b"1", 7), message(b"1", 8)], NOW)
    gathers.take(batch, [message(b"1", 7, DUPLICATE)], NOW + SECOND)
    gathers.take(batch, [message(b"2", 8, DUPLICATE)], NOW + 2 * SECOND)
    gathers.take(batch, [message(b"1", 7)], NOW + 3 * SECOND)

    first, second, again, other, later = times(batch)
    assert again == first
    assert len({first, second, other, later}) == 4


def test_an_acknowledged_message_s_identifier_may_mean_another_one() -> None:
    gathers = gatherer()
    batch = gathers.begin(1, 0.0)
    gathers.take(batch, [message(b"1", 7)], NOW)

    gathers.arrivals.forget(batch.keys)
    gathers.take(batch, [message(b"1", 7, DUPLICATE)], NOW + SECOND)

    assert times(batch) == [NOW, NOW + SECOND]


def test_messages_with_a_time_of_their_own_are_not_remembered() -> None:
    gathers = gatherer()
    batch = gathers.begin(1, 0.0)

    gathers.take(batch, [message(b'{"ts":1767225600001,"value":1}', 7)], NOW)

    assert (batch.keys, batch.rows.came) == ([], {})


def test_what_came_before_a_crash_is_found_again_on_the_log() -> None:
    before = gatherer()
    batch = before.begin(1, 0.0)
    messages = [message(b"1", at, topic=b"a/l%d/m/x" % (at % 5)) for at in range(1, 51)]
    before.take(batch, messages, NOW)
    records = [
        Record(entry.partition, at, entry.key, entry.value, entry.headers, NOW)
        for at, entry in enumerate(before.records(batch))
    ]

    after = gatherer()
    after.arrivals.recall(records, NOW - SECOND)
    again = after.begin(1, 0.0)
    after.take(again, [(*each[:3], each[3] | DUPLICATE, *each[4:]) for each in messages], NOW - SECOND)
    after.take(again, [message(b"1", 99)], NOW - SECOND)

    assert len({record.partition for record in records}) > 1
    assert sorted(times(again)[:50]) == sorted(times(batch))
    assert times(again)[50] > max(times(batch))  # though the clock says that it is a second earlier


def test_another_sender_s_message_is_another_one() -> None:
    assert message_key(1, sender_number("a"), b"t", b"1") != message_key(1, sender_number("b"), b"t", b"1")


def test_what_is_remembered_is_bounded() -> None:
    arrivals = Arrivals()

    for at in range(150_000):
        arrivals.remember(at, NOW + at)

    assert len(arrivals._first) == 100_000
    assert arrivals.first_time(149_999, 0) == NOW + 149_999
    assert arrivals.first_time(0, 0) == 0


def test_what_a_wrong_clock_stamped_and_damaged_headers_are_passed_over() -> None:
    arrivals = Arrivals()
    far = Record(0, 0, b"", None, {"came": CAME.pack(1, 2, NOW + 86_400 * SECOND)}, NOW + 86_400 * SECOND)
    damaged = Record(0, 1, b"", None, {"came": CAME.pack(1, 2, NOW)[:5]}, NOW - SECOND)

    arrivals.recall([far, damaged], NOW)

    assert arrivals.begin(NOW) == NOW


def test_every_record_says_which_messages_are_in_it_and_which_session_brought_it() -> None:
    gathers = gatherer()
    gathers.headers["session"] = json.dumps({"client_id": "c", "filters": ["#"]}).encode()
    batch = gathers.begin(1, 0.0)
    gathers.take(batch, [message(b"%d" % at, at, topic=b"a/l%d/m/x" % at) for at in range(1, 30)], NOW)

    found = {}
    for entry in gathers.records(batch):
        assert json.loads(entry.headers["session"])["filters"] == ["#"]
        for number, checksum, received in CAME.iter_unpack(entry.headers["came"]):
            found[number] = (number << 32 | checksum, received)
        assert len(entry.headers["came"]) == CAME.size * entry.readings

    assert sorted(key for key, _ in found.values()) == sorted(batch.keys)
    assert np.diff([found[number][1] for number in sorted(found)]).min() > 0


def test_of_a_retained_message_states_and_orders_are_taken_and_readings_are_not() -> None:
    gathers = gatherer()
    batch = gathers.begin(1, 0.0)
    told = [
        b'{"ts":1767000000,"event":"order","order":"4711","product":"A"}',
        b'{"event":"state","state":"producing"}',
        b'{"ts":1767000000,"power_kw":3.5}',
        b'{"ts":1767000000,"event":"count","good":5}',
        b"no such thing \xff",
    ]

    gathers.take(batch, [message(payload, at, RETAIN) for at, payload in enumerate(told, 1)], NOW)

    rows = to_readings(batch.rows)
    assert [rows.tags[tag] for tag in rows.tag] == ["@order", "@state"]
    assert rows.time[0] == 1_767_000_000 * SECOND and NOW <= rows.time[1] < NOW + SECOND
    assert batch.retained == len(told) and not batch.letters
