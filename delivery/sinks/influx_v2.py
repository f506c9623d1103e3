"""InfluxDB 2.x, and what answers its `/api/v2/write`.

    fieldline deliver --influx 'http://127.0.0.1:8086/fieldline?org=plant'      # token in FIELDLINE_INFLUX_TOKEN or
    ..._FILE

The bucket must exist. `&gzip=on` compresses requests, for slow lines. A row is stored when the server answers 204.
"""

from delivery.influx_sink import InfluxSink
from delivery.influx_url import parse_influx_url
from delivery.sinks import SinkComponent
from fieldline.settings import DeliverSettings


def _accepts(settings: DeliverSettings) -> bool:
    return settings.influx is not None and parse_influx_url(settings.influx).api == "v2"


COMPONENT = SinkComponent(_accepts, InfluxSink)
