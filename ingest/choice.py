"""Which codec reads which topic, and what it is told."""

from typing import Any, NamedTuple

from fieldline.errors import SettingsError
from fieldline.plant import Topic
from fieldline.tables import to_struct
from ingest.codecs import Codec, Decode, Reader, codecs


class Chosen(NamedTuple):
    """A codec in use. `options` are those of `Codec.options`."""

    decode: Decode
    options: Any


class Choice:
    """The codec of each topic that the plant file or a preset declares, and the one for all others.

    default : name of the codec where none is declared; readers : those that remember, each for all topics of its codec

    A codec that is not there, and options that it does not have, are added to `wrong`; then the object is of no use.
    """

    def __init__(self, topics: list[Topic], default: str, wrong: list[str]) -> None:
        self.readers: list[Reader] = []
        self._known = codecs()
        self._started: dict[str, Decode] = {}
        self._default = self._chosen(default, {}, "$.ingest.codec", wrong)
        self._declared = {
            id(topic): self._chosen(
                topic.codec or default, topic.options, f"$.topic: pattern {topic.pattern!r}: codec", wrong
            )
            for topic in topics
        }

    def of(self, topic: Topic | None) -> Chosen:
        """What reads a declared topic; None for one that is not declared."""
        chosen = self._default if topic is None else self._declared[id(topic)]
        assert chosen is not None
        return chosen

    def _chosen(self, name: str, options: dict[str, Any], setting: str, wrong: list[str]) -> Chosen | None:
        try:
            codec = self._known.chosen(name, setting)
        except SettingsError as error:
            wrong += [line for line in str(error).splitlines() if line not in wrong]
            return None
        told = None
        if codec.options is not None:
            told = to_struct(codec.options, options, f"{setting} {name!r}: options", wrong)
        elif options:
            wrong.append(f"{setting} {name!r}: has no options, got {', '.join(sorted(options))}")
        return Chosen(self._start(name, codec), told)

    def _start(self, name: str, codec: Codec) -> Decode:
        if name not in self._started:
            if codec.reader is not None:
                self.readers.append(codec.reader())
                self._started[name] = self.readers[-1].decode
            else:
                assert codec.decode is not None
                self._started[name] = codec.decode
        return self._started[name]
