"""What a member of a group holds, whatever the library says or keeps to itself."""

from fieldline.log.kafka_holdings import Holdings


def opened(*partitions: int) -> Holdings:
    holdings = Holdings()
    for partition in partitions:
        holdings.take(partition, holdings.era)
    return holdings


def test_what_is_open_and_assigned_stays() -> None:
    holdings = opened(0, 1)

    assert holdings.give_up({0, 1}) == []
    assert 0 in holdings and 1 in holdings and holdings.open == {0, 1}


def test_what_is_not_assigned_any_more_is_given_up() -> None:
    holdings = opened(0, 1)

    assert holdings.give_up({1}) == [0]
    assert 0 not in holdings and holdings.open == {1}


def test_a_partition_that_went_and_is_assigned_again_is_given_up_once() -> None:
    holdings = opened(0, 1)

    holdings.lose([0])

    assert 0 not in holdings  # already now nothing of it can be committed
    assert holdings.give_up({0, 1}) == [0]
    holdings.take(0, holdings.era)
    assert 0 in holdings and holdings.give_up({0, 1}) == []


def test_who_falls_out_of_the_group_holds_nothing_although_the_assignment_stays() -> None:
    holdings = opened(0, 1)

    holdings.fall_out()

    assert 0 not in holdings and 1 not in holdings
    assert holdings.give_up({0, 1}) == [0, 1]


def test_what_was_opened_while_falling_out_is_given_up_too() -> None:
    holdings = Holdings()
    era = holdings.era
    holdings.fall_out()

    holdings.take(0, era)

    assert 0 not in holdings
    assert holdings.give_up({0}) == [0]
