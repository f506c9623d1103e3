"""Presets: what payloads as devices send them become under the preset of their family."""

import json
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from fieldline.errors import SettingsError
from fieldline.meters import is_fed_back
from fieldline.plant import Plant, Topic, load_plant
from fieldline.plantfile import PlantFile
from fieldline.settings import IngestSettings
from fieldline.units import Role, role_of_name, unit_of_name
from ingest.codecs import Problem
from ingest.decoder import Decoder
from ingest.presets import preset, presets
from ingest.rows import Row, Rows

T_MS = 1_767_225_600_000
ISO = "2026-01-01T00:00:00Z"
NOW_NS = (T_MS + 5000) * 1_000_000


class Read(NamedTuple):
    """What came of a message: the number or text of each tag, by `asset: tag`; the times, as seconds after T."""

    values: dict[str, Any]
    seconds: set[float]
    rows: list[Row]
    problem: Problem | None


class Listener:
    def __init__(self, *topics: Topic) -> None:
        self.decoder = Decoder(Plant(PlantFile(topic=topics)), IngestSettings())
        self.names = Rows()

    def read(self, topic: str, payload: Any, now_ns: int = NOW_NS) -> Read:
        rows = Rows(self.names.assets, self.names.tags)
        message = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        problem = self.decoder.decode(topic.encode(), message, now_ns, rows)
        found = rows.take(0)
        values = {}
        for row in found:
            tag = rows.tags.texts[row.tag].removeprefix("@text/")
            values[f"{rows.assets.texts[row.asset]}: {tag}"] = (
                row.value if row.payload is None else row.payload.decode()
            )
        return Read(values, {(row.time - T_MS * 1_000_000) / 1e9 for row in found}, found, problem)


TTN = {
    "end_device_ids": {"device_id": "dev1", "application_ids": {"application_id": "app1"}},
    "correlation_ids": ["as:up:01"],
    "received_at": "2026-01-01T00:00:01.713869147Z",
    "uplink_message": {
        "f_port": 1, "f_cnt": 112, "frm_payload": "AQE=",
        "decoded_payload": {"temperature": 21.4, "battery": {"v": 3.61}},
        "rx_metadata": [{"gateway_ids": {"gateway_id": "gw1"}, "rssi": -35, "timestamp": 2463457000}],
        "received_at": "2026-01-01T00:00:01.506Z",
    },
}  # fmt: skip
CHIRPSTACK = {
    "deduplicationId": "3ac7e3c4", "time": "2026-01-01T00:00:01+00:00", "fCnt": 4, "fPort": 1, "data": "qg==",
    "deviceInfo": {"deviceName": "Probe", "devEui": "0101010101010101", "tags": {"key": "value"}},
    "object": {"temperature": 21.5, "humidity": 43}, "rxInfo": [{"gatewayId": "a", "rssi": -48}],
}  # fmt: skip
TASMOTA = {
    "Time": "2026-01-01T00:00:01", "TempUnit": "C", "DS18B20": {"Id": "0114", "Temperature": 20.6},
    "ENERGY": {"TotalStartTime": "2025-01-01T00:00:00", "Total": 3.185, "Yesterday": 3.1, "Today": 0.5, "Power": 22, "Voltage": 226, "Current": 0.1, "Factor": 0.5},
}  # fmt: skip
SHELLY_2 = {
    "id": 0, "source": "MQTT", "tag": None, "output": True, "apower": 11.5, "voltage": 240.3, "freq": 50.0, "current": 0.073,
    "aenergy": {"total": 152669.987, "by_minute": [0.0, 0.0, 0.0], "minute_ts": 1788945240},
    "ret_aenergy": {"total": 0.0, "by_minute": [0.0], "minute_ts": 1788945240},
    "counts": {"on_time": 44340, "switch_on": 539}, "temperature": {"tC": 55.0, "tF": 131.0},
}  # fmt: skip
SHELLY_2_READ = {
    "output": 1, "power_w": 11.5, "voltage_v": 240.3, "frequency_hz": 50.0, "current_a": 0.073, "energy_wh": 152669.987,
    "exported_energy_wh": 0.0, "temperature_degc": 55.0,
}  # fmt: skip
ZIGBEE = {
    "last_seen": T_MS + 1000, "power": 12.4, "energy": 3.21, "state": "ON", "linkquality": 94, "temperature": 8.77,
    "update": {"installed_version": 268513381, "state": "idle"}, "update_available": None,
}  # fmt: skip
OPC_UA = {
    "MessageId": "1301", "MessageType": "ua-data", "PublisherId": "ua-robot",
    "Messages": [
        {"DataSetWriterId": 40735, "Timestamp": "2026-01-01T00:00:01.1462199Z", "Payload": {"Position": {"Value": -96.7}}},
        {"DataSetWriterId": 43738, "Timestamp": "2026-01-01T00:00:01.1462199Z", "Payload": {"Position": {"Value": -43.1}}},
    ],
}  # fmt: skip
KEPWARE = [
    {"id": "Line1.Press.Power", "v": 42.5, "q": 192, "t": T_MS + 1000},
    {"id": "Line1.Press.Temp", "v": 61.5, "q": 192, "t": T_MS + 1000},
]
KEPWARE_READ = {"iotgateway/Line1/Press: Power": 42.5, "iotgateway/Line1/Press: Temp": 61.5}

CASES = [
    ("ttn", "v3/app1@ttn/devices/dev1/up", TTN, {"app1@ttn/dev1: temperature": 21.4, "app1@ttn/dev1: battery/v": 3.61}, 1.713869147),
    ("ttn", "v3/app1@ttn/devices/dev1/join", {"received_at": ISO}, {}, None),
    ("chirpstack", "application/1/device/0101/event/up", CHIRPSTACK, {"1/0101: temperature": 21.5, "1/0101: humidity": 43}, 1),
    ("chirpstack", "application/1/device/0101/event/status", {"deduplicationId": "x", "time": "2026-01-01T00:00:01Z", "deviceInfo": {"devEui": "a"}, "margin": 6, "externalPowerSource": False, "batteryLevelUnavailable": False, "batteryLevel": 75.3}, {"1/0101: margin": 6, "1/0101: battery_pct": 75.3}, 1),
    ("chirpstack", "application/1/device/0101/event/log", {"level": "INFO"}, {}, None),
    ("tasmota", "tele/plug1/SENSOR", TASMOTA, {"plug1: energy_kwh": 3.185, "plug1: ENERGY/Yesterday": 3.1, "plug1: ENERGY/Today": 0.5, "plug1: power_w": 22, "plug1: voltage_v": 226, "plug1: current_a": 0.1, "plug1: ENERGY/Factor": 0.5, "plug1: DS18B20/Temperature": 20.6}, 1),
    ("tasmota", "tele/plug1/STATE", {"Time": "2026-01-01T00:00:01", "Uptime": "0T00:03:14", "UptimeSec": 194, "Heap": 183, "POWER": "ON", "Wifi": {"AP": 1, "RSSI": 60}}, {"plug1: POWER": 1}, 1),
    ("tasmota", "stat/plug1/RESULT", {"POWER1": "OFF"}, {"plug1: POWER1": 0}, 5),
    ("tasmota", "tele/plug1/LWT", b"Online", {"plug1: online": 1}, 5),
    ("tasmota", "stat/plug1/RESULT", b'{"POWER":"ON"}', {"plug1: POWER": 1}, 5),
    ("kepware", "iotgateway", b'[{"id":"L.P.V","v":1.5,"q":true,"t":1767225601000}]', {"iotgateway/L/P: V": 1.5}, 1),
    ("tasmota", "tele/plug1/LWT", b'"Offline"', {"plug1: online": 0}, 5),
    ("tasmota", "cmnd/plug1/POWER", b"TOGGLE", {}, None),
    ("shelly1", "shellies/s-c/light/0/power", b"35.20", {"s-c: light/0/power_w": 35.2}, 5),
    ("shelly1", "shellies/s-c/emeter/1/total", b"35.20", {"s-c: emeter/1/energy_wh": 35.2}, 5),
    ("shelly1", "shellies/s-c/relay/0/energy", b"600", {"s-c: relay/0/energy_wmin": 600}, 5),
    ("shelly1", "shellies/s-c/relay/0", b'"on"', {"s-c: relay/0": 1}, 5),
    ("shelly1", "shellies/s-c/online", b"true", {"s-c: online": 1}, 5),
    ("shelly1", "shellies/s-c/relay/0/command", b"on", {}, None),
    ("shelly1", "shellies/announce", {"id": "s-c"}, {}, None),
    ("shelly2", "shelly-b/status/switch:0", SHELLY_2, {f"shelly-b: switch:0/{key}": value for key, value in SHELLY_2_READ.items()}, 5),
    ("shelly2", "shelly-b/events/rpc", {"src": "x", "dst": "y", "method": "NotifyStatus", "params": {"ts": T_MS / 1000 + 1, "switch:0": {"id": 0, "apower": 8.9}}}, {"shelly-b: switch:0/power_w": 8.9}, 1),
    ("zigbee2mqtt", "zigbee2mqtt/hall/Plug", ZIGBEE, {f"zigbee2mqtt/hall/Plug: {key}": value for key, value in {"power_w": 12.4, "energy_kwh": 3.21, "on": 1, "linkquality": 94, "temperature_degc": 8.77}.items()}, 1),
    ("zigbee2mqtt", "zigbee2mqtt/Plug", {"power": 12.4, "state": "OFF"}, {"zigbee2mqtt/Plug: power_w": 12.4, "zigbee2mqtt/Plug: on": 0}, 5),
    ("zigbee2mqtt", "zigbee2mqtt/Plug/availability", {"state": "online"}, {"zigbee2mqtt/Plug: online": 1}, 5),
    ("zigbee2mqtt", "zigbee2mqtt/bridge/logging", {"level": "info", "message": "x"}, {}, None),
    ("zigbee2mqtt", "zigbee2mqtt/hall/Plug/set", {"state": "ON"}, {}, None),
    ("opcua_pubsub", "opcua/json/data/robot/r1", OPC_UA, {"robot/r1: 40735/Position": -96.7, "robot/r1: 43738/Position": -43.1}, 1.146219900),
    ("opcua_pubsub", "opcua/json/metadata/robot/r1", {"MessageType": "ua-metadata"}, {}, None),
    ("kepware", "iotgateway", {"timestamp": T_MS, "values": KEPWARE}, KEPWARE_READ, 1),
    ("kepware", "iotgateway/line1", KEPWARE, KEPWARE_READ, 1),
    ("thingsboard", "v1/devices/me/telemetry", {"ts": T_MS + 1000, "values": {"temperature": 42.2}}, {"thingsboard: temperature": 42.2}, 1),
    ("thingsboard", "v1/gateway/telemetry", {"Press 1": [{"ts": T_MS + 1000, "values": {"temperature": 42.2}}], "Press 2": [{"ts": T_MS + 1000, "values": {"temperature": 43}}]}, {"thingsboard/Press 1: temperature": 42.2, "thingsboard/Press 2: temperature": 43}, 1),
    ("umh", "umh/v1/acme/hall1/line1/_historian", {"timestamp_ms": T_MS + 1000, "head": {"temp": 1.5}, "count": 3}, {"acme/hall1/line1: head/temp": 1.5, "acme/hall1/line1: count": 3}, 1),
    ("umh", "umh/v1/acme/hall1/line1/_historian/axis/x", {"timestamp_ms": T_MS + 1000, "value": 1.5}, {"acme/hall1/line1: axis/x": 1.5}, 1),
    ("umh", "umh/v1/acme/hall1/line1/_raw", {"value": 42.5, "timestamp_ms": T_MS + 1000}, {"acme/hall1/line1: value": 42.5}, 1),
    ("packml", "plant/hall1/line1/filler/Status/StateCurrent", {"ts": T_MS + 1000, "value": 6}, {"plant/hall1/line1/filler: StateCurrent": 6}, 1),
    ("packml", "filler/Admin/ProdProcessedCount", b"4711", {"filler: total_count": 4711}, 5),
    ("packml", "filler/Admin/ProdDefectiveCount/0/AccCount", b"12", {"filler: scrap_count": 12}, 5),
    ("packml", "plant/filler/Command/CntrlCmd", b"1", {}, None),
    ("uns", "acme/berlin/packaging/line-3/filler-1/energy/active_power", b"4", {"acme/berlin/packaging/line-3/filler-1: energy/active_power": 4}, 5),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "topic", "payload", "expected", "seconds"), CASES, ids=[f"{case[0]}: {case[1]}" for case in CASES]
)
def test_a_payload_under_its_preset(
    name: str, topic: str, payload: Any, expected: dict[str, Any], seconds: float | None
) -> None:
    listener = Listener(Topic(preset=name))

    found = listener.read(topic, payload)

    assert found.values == expected
    assert len(found.rows) == len(expected)
    assert found.problem is None
    assert found.seconds == ({seconds} if seconds is not None else set())
    assert listener.decoder.take_ignored() == (not expected)


def test_every_preset_has_a_case_and_says_what_it_is_for() -> None:
    assert {case[0] for case in CASES} | {"sparkplug"} == set(presets())
    assert all(len(preset(name).about) > 50 for name in presets())


def test_every_unit_that_a_preset_gives_a_tag_is_one_of_ours() -> None:
    given = {new for name in presets() for topic in preset(name).topic for new in topic.rename.values()}
    plain = {"on", "on_*", "online", "margin", "*"} | {new for new in given if new.endswith("_wmin")}

    assert {new for new in given - plain if unit_of_name(new.replace("*", "0")) is None} == set()
    assert is_fed_back("switch:0/exported_energy_wh") and not is_fed_back("emeter/0/energy_wh")
    assert role_of_name("emeter/0/energy_wh") is Role.ACTIVE_REGISTER


@pytest.mark.parametrize(
    ("name", "topic", "payload"),
    [case[:3] for case in CASES if case[0] in ("ttn", "chirpstack") and case[1].endswith("up")],
)
def test_an_uplink_that_came_twice_has_the_time_of_the_first(name: str, topic: str, payload: dict[str, Any]) -> None:
    listener = Listener(Topic(preset=name))
    later = json.loads(json.dumps(payload).replace("00:00:01", "00:00:03"))
    other = json.loads(json.dumps(later).replace("21.", "22."))

    first = listener.read(topic, payload)
    again = listener.read(topic, later, NOW_NS + 2_000_000_000)
    renewed = listener.read(topic, other, NOW_NS + 3_000_000_000)
    long_after = listener.read(
        topic, json.loads(json.dumps(payload).replace("00:00:01", "00:20:01")), NOW_NS + 1200 * 10**9
    )

    assert again.seconds == first.seconds
    assert renewed.seconds != first.seconds and long_after.seconds != first.seconds
    assert {row.seq for row in first.rows} in ({112}, {4})


def test_a_declared_time_that_is_not_there_is_said() -> None:
    payload = {"uplink_message": {"f_cnt": 1, "decoded_payload": {"temperature": 1.5}}}

    found = Listener(Topic(preset="ttn")).read("v3/a@ttn/devices/d/up", payload)

    assert found.values == {} and found.problem is not None and found.problem.reason == "time"


def test_an_item_that_can_not_be_read_costs_itself_alone() -> None:
    broken = [KEPWARE[0], {"id": "Line1.Press.Temp", "v": 61.5, "q": 192}, {"id": "Line1.Press.Speed", "t": T_MS}]

    found = Listener(Topic(preset="kepware")).read("iotgateway", {"timestamp": T_MS, "values": broken})

    assert found.values == {"iotgateway/Line1/Press: Power": 42.5}
    assert found.problem is not None and (found.problem.reason, found.problem.readings) == ("time", 2)


def test_what_the_plant_file_gives_stands_in_place_of_the_presets() -> None:
    listener = Listener(Topic(preset="tasmota", root="site", asset="acme/hall/line/{device}"))

    assert listener.read("site/tele/plug1/SENSOR", {"Time": ISO, "ENERGY": {"Power": 1}}).values == {
        "acme/hall/line/plug1: power_w": 1
    }
    assert listener.read("site/cmnd/plug1/POWER", b"x").problem is None
    assert list(listener.read("tele/plug1/SENSOR", {"a": 1}).values) == ["tele/plug1/SENSOR: a"]


def test_a_pattern_beside_a_preset_is_its_first_topic_found_elsewhere() -> None:
    listener = Listener(Topic(preset="tasmota", pattern="plugs/{device}/tele", asset="x/{device}"))

    assert listener.read("plugs/p/tele", {"Time": ISO, "ENERGY": {"Power": 1}}).values == {"x/p: power_w": 1}


def test_values_that_are_not_there_are_said() -> None:
    payload = {"received_at": ISO, "uplink_message": {"f_cnt": 1, "frm_payload": "AQE="}}

    found = Listener(Topic(preset="ttn")).read("v3/a@ttn/devices/d/up", payload)

    assert found.problem == Problem("value", "expected values at uplink_message.decoded_payload, there are none")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('preset = "tasmotta"', r"\$\.topic\[0\]\.preset: expected one of .*, got 'tasmotta', did you mean 'tasmota'\?"),
        ('preset = "ttn"\nasset = "{nobody}"', r"\$\.topic\[0\]\.asset: '\{nobody\}' may name only application, device"),
        ('pattern = "a/#"\nasset = "a"\ncodec = "xml"', r"expected one of .*json.*, got 'xml'"),
        ('pattern = "a/#"\nasset = "a"\noptions = { units = true }', r"pattern 'a/#': codec 'json': has no options, got units"),
        ('preset = "sparkplug"\noptions = { rebith = true }', r"rebith: unknown key, did you mean 'rebirth'\?"),
    ],
)  # fmt: skip
def test_a_topic_that_names_what_is_not_there_stops_the_start(text: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "plant.toml"
    file.write_text(f"[[topic]]\n{text}\n", "utf-8")

    with pytest.raises(SettingsError, match=told):
        Decoder(load_plant(file), IngestSettings())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('pattern = "a/#"', "asset: is missing"),
        ('asset = "a"', "pattern: is missing"),
        ('pattern = "a/#"\nasset = "a"\nroot = "x"', "root: it is for the topics of a preset"),
        ('preset = "ttn"\npattern = "a/{device}"\nroot = "x"', "root: give levels to stand before"),
        ('pattern = "a/#"\nasset = "a"\nvalues = "x..y"', "values: expected keys joined by dots"),
        ('pattern = "a/#"\nasset = "a"\nonce = true', "once: needs seq"),
        ('pattern = "a/#"\nasset = "a"\nsplit = ""', "split: expected a sign"),
    ],
)
def test_keys_that_do_not_go_together_are_told(text: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "plant.toml"
    file.write_text(f"[[topic]]\n{text}\n", "utf-8")

    with pytest.raises(SettingsError, match=told):
        load_plant(file)


def test_a_codec_is_chosen_by_topic_and_a_topic_is_ignored() -> None:
    born = bytes.fromhex("120f0a0454656d70" + "20096500004841" + "1800").replace(b"\x12\x0f", b"\x12\x0d", 1)
    listener = Listener(
        Topic(pattern="edge/spBv1.0/{group}/{type}/{node}", asset="acme/{node}", codec="sparkplug"),
        Topic(pattern="edge/#", ignore=True),
    )

    assert listener.read("edge/spBv1.0/G/NBIRTH/N", born).values == {"acme/N: Temp": 12.5}
    assert listener.read("edge/other", b"no json").problem is None
    assert listener.decoder.take_ignored() == 1
    assert listener.read("press", b"2").values == {"press: value": 2}


def test_the_presets_files_are_toml_that_a_user_can_copy() -> None:
    for file in sorted(Path(__file__).parents[2].glob("ingest/presets/*.toml")):
        table = tomllib.loads(file.read_text("utf-8"))
        assert table.keys() == {"about", "topic"}, file
