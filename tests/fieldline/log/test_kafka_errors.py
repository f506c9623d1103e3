"""What the client library's errors mean: which are waited out, and which are a setting to mend."""

import pytest
from kafka import errors

from fieldline.errors import FieldlineError, SettingsError, Unavailable
from fieldline.log.kafka_settings import translate


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (errors.NotEnoughReplicasError(), Unavailable),
        (errors.NotEnoughReplicasAfterAppendError(), Unavailable),
        (errors.NotLeaderForPartitionError(), Unavailable),
        (errors.KafkaTimeoutError("batch expired"), Unavailable),
        (errors.TopicAuthorizationFailedError(), SettingsError),
    ],
)
def test_what_may_pass_is_waited_out_and_what_does_not_is_a_setting(
    error: Exception, meaning: type[FieldlineError]
) -> None:
    found = translate(error, "broker:9092")

    assert type(found) is meaning
    assert type(error).__name__ in str(found)
