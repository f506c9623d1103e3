"""Joining a consumer group with short polls.

A join lasts until every member has polled again, often longer than one poll of ours. kafka-python 3.0.12 loses a join
that ends between two polls: it sends another JoinGroup (which makes all members join again, for minutes when polls are
short), or, when changed metadata began the join, waits for ever with heartbeats off. Both are repaired here, on one
consumer object; `tests/contracts` shows that members settle. To be looked at again when kafka-python is upgraded.
"""

from collections.abc import Callable
from typing import Any

from kafka import KafkaConsumer
from kafka.coordinator.base import MemberState


class JoinKeeper:
    """Keeps the answer of a join until a poll takes it up.

    fallen_out : called, on any thread, after the member fell out of the group: by a broker that does not know it any more, or by leaving.
        The library tells its listener so only at the beginning of a join, not when it happens within one.
    """

    def __init__(self, consumer: KafkaConsumer, fallen_out: Callable[[], None]) -> None:
        self._consumer = consumer
        self._fallen_out = fallen_out
        self._coordinator: Any = consumer._coordinator
        self._join = self._coordinator._do_join_and_sync_async
        self._complete = self._coordinator._on_join_complete_async
        self._answer: tuple[object, bytes] | None = None
        self._reset = self._coordinator.reset_generation
        self._coordinator.reset_generation = self._fall_out
        self._coordinator._do_join_and_sync_async = self._join_once
        self._coordinator._on_join_complete_async = self._completed

    @property
    def is_joining(self) -> bool:
        """Whether a join is under way or its answer waits."""
        return self._consumer.group_metadata().state is MemberState.REBALANCING

    @property
    def is_settled(self) -> bool:
        """Whether the group knows the member, and what it has assigned to it holds."""
        return self._consumer.group_metadata().state is MemberState.STABLE

    def carry_on(self) -> None:
        """Make the next poll take the join up; call after a poll."""
        if self.is_joining:
            self._coordinator.request_rejoin()

    def _fall_out(self, *arguments: Any, **named: Any) -> None:
        self._reset(*arguments, **named)
        self._fallen_out()

    async def _join_once(self) -> bytes:
        answer, self._answer = self._answer, None
        if answer is not None and self.is_joining and answer[0] == self._coordinator._generation:
            return answer[1]
        assignment: bytes = await self._join()
        self._answer = (self._coordinator._generation, assignment)
        return assignment

    async def _completed(self, *arguments: Any) -> None:
        self._answer = None
        await self._complete(*arguments)
