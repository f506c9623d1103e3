"""InfluxDB 1.x through `/write`.

    fieldline deliver --influx 'http://127.0.0.1:8086/fieldline?api=v1'
    fieldline deliver --influx 'http://127.0.0.1:8086/fieldline/one_year?api=v1'      # with a retention policy

A database that does not exist is created. Where the server wants a login, give user:password as the token.
"""

from delivery.influx_sink import InfluxSink
from delivery.influx_url import parse_influx_url
from delivery.sinks import SinkComponent
from fieldline.settings import DeliverSettings


def _accepts(settings: DeliverSettings) -> bool:
    return settings.influx is not None and parse_influx_url(settings.influx).api == "v1"


COMPONENT = SinkComponent(_accepts, InfluxSink)
