import re
from math import isnan
from pathlib import Path

import pytest
from msgspec.structs import replace

from fieldline.errors import SettingsError
from fieldline.settings import Secret, Settings, load_settings
from processing.operators import default


@pytest.fixture
def file_of(tmp_path):
    def write(text: str, name: str = "fieldline.toml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    return write


def test_nothing_given_is_a_whole_pipe_on_this_machine():
    settings = load_settings()

    assert settings == Settings()
    assert (settings.log, settings.ingest.mqtt) == ("sqlite:fieldline.db", "mqtt://127.0.0.1:1883")
    assert isnan(settings.ingest.max_age_s)
    assert settings.given == frozenset()


def test_a_flag_wins_over_the_environment_that_over_the_file_that_over_the_default(file_of):
    path = file_of(
        'log = "sqlite:file.db"\n[ingest]\nmqtt = "mqtt://file"\nclient_id = "file"\n[process]\nsettle_s = "1s"'
    )
    env = {"FIELDLINE_LOG": "sqlite:env.db", "FIELDLINE_MQTT": "mqtt://env"}

    settings = load_settings(path, env, {"log": "sqlite:flag.db", "ingest.mqtt": None})

    assert (settings.log, settings.ingest.mqtt) == ("sqlite:flag.db", "mqtt://env")
    assert (settings.ingest.client_id, settings.process.settle_s) == ("file", 1.0)
    assert settings.ingest.batch_rows == 10_000
    assert settings.given == {"log", "ingest.mqtt", "ingest.client_id", "process.settle_s"}


def test_every_key_has_its_variable_in_the_environment():
    env = {
        "FIELDLINE_PROCESS_WINDOWS": "1m, 1h",
        "FIELDLINE_PROCESS_HORIZON_S": "25h",
        "FIELDLINE_INGEST_BATCH_ROWS": "500",
        "FIELDLINE_INGEST_PROTOCOL": "5",
        "FIELDLINE_DELIVER_TIMEOUT_S": "2.5",
        "FIELDLINE_HTTP": "",
    }

    settings = load_settings(None, env)

    assert settings.process.windows == ("1m", "1h")
    assert (settings.process.horizon_s, settings.ingest.batch_rows) == (90_000.0, 500)
    assert (settings.ingest.protocol, settings.deliver.timeout_s, settings.http) == ("5", 2.5, None)


def test_conf_d_is_laid_over_the_file_in_order_of_name(file_of):
    path = file_of('log = "sqlite:a.db"\n[ingest]\nclient_id = "a"\nbatch_rows = 1')
    file_of('[ingest]\nclient_id = "b"', "conf.d/10.toml")
    file_of('[ingest]\nclient_id = "c"', "conf.d/20.toml")

    settings = load_settings(path)

    assert (settings.log, settings.ingest.client_id, settings.ingest.batch_rows) == ("sqlite:a.db", "c", 1)


def test_the_plant_file_lies_beside_the_settings_file(file_of, tmp_path):
    path = file_of('plant = "plant.toml"')

    assert load_settings(path).plant == str(tmp_path / "plant.toml")


def test_strings_name_environment_variables(file_of):
    path = file_of('log = "sqlite:${DIR}/${NAME:-plant}.db"')

    assert load_settings(path, {"DIR": "/data"}).log == "sqlite:/data/plant.db"


def test_an_unset_variable_is_named_with_its_place(file_of):
    path = file_of('[ingest]\nsubscribe = ["a", "${LINE}/#"]')

    with pytest.raises(SettingsError, match=r"\$\.ingest\.subscribe\[1\]: environment variable LINE is not set"):
        load_settings(path, {})


def test_secrets_are_stars_wherever_they_are_shown():
    settings = load_settings(None, {"FIELDLINE_INFLUX_TOKEN": "s3cret", "FIELDLINE_MQTT_PASSWORD": "s3cret"})

    assert settings.deliver.token is not None
    assert settings.deliver.token.reveal() == "s3cret"
    assert "s3cret" not in f"{settings!r} {settings.ingest.password} {settings.deliver.token!s:>3}"
    assert settings.ingest.password == Secret("s3cret")


def test_a_secret_of_a_wrong_type_is_not_shown_in_the_error(file_of):
    path = file_of("[deliver]\ntoken = 8675309")

    with pytest.raises(SettingsError) as caught:
        load_settings(path)

    assert "$.deliver.token" in str(caught.value)
    assert "8675309" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("ingest.mqtt", "mqtt://u:s3cret@x"),
        ("ingest.mqtt", "mqtt://u:s3cret@x:99999"),
        ("ingest.mqtt", "mqtt://u:s3cret/s3cret@x"),
        ("ingest.mqtt", "http://u:s3cret@x"),
        ("deliver.influx", "http://u:s3cret@x:8086/bucket"),
        ("log", "kafka://u:s3cret@x:9092"),
        ("log", "kafka://u:s3cret?s3cret@x:9092"),
        ("log", "kafka://u:s3cret@x:9092?password_file=/run/secrets/x"),
    ],
)
def test_a_password_in_a_url_is_refused_and_not_shown(name, url):
    with pytest.raises(SettingsError, match="a password has no place in a URL") as caught:
        load_settings(None, {}, {name: url})

    assert "s3cret" not in str(caught.value)


def test_users_and_options_in_urls_are_no_passwords():
    urls = {
        "ingest.mqtt": "mqtt://ann@x",
        "log": "kafka://ann@x:9092?password_file=/run/a@b",
        "deliver.influx": "http://x:8086/b?org=me@x.com",
    }

    assert load_settings(None, {}, urls).log == urls["log"]


def test_topic_filters_that_overlap_are_refused_unless_one_covers_the_other():
    with pytest.raises(SettingsError, match=r"'plant/\+/power' and 'plant/hall1/#' match some topics both"):
        load_settings(None, {}, {"ingest.subscribe": ["plant/+/power", "plant/hall1/#"]})

    assert load_settings(None, {}, {"ingest.subscribe": ["plant/#", "plant/hall1/#", "farm/#"]}).given


def test_a_password_comes_from_its_file(file_of):
    secret = file_of("hunter2\n", "secret")

    settings = load_settings(None, {"FIELDLINE_MQTT_PASSWORD_FILE": str(secret)})

    assert settings.ingest.password == Secret("hunter2")


def test_the_file_of_influxs_token_is_kept_so_that_the_token_can_be_rotated(file_of):
    secret = file_of("token", "secret")

    settings = load_settings(None, {"FIELDLINE_INFLUX_TOKEN_FILE": str(secret)})

    assert (settings.deliver.token, settings.deliver.token_file) == (None, str(secret))


def test_a_secret_in_the_environment_takes_the_place_of_the_files(file_of):
    path = file_of('[deliver]\ntoken_file = "/nowhere"')

    settings = load_settings(path, {"FIELDLINE_INFLUX_TOKEN": "t"})

    assert (settings.deliver.token, settings.deliver.token_file) == (Secret("t"), None)


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_a_secret_file_that_is_absent_or_empty_stops_the_start(file_of, tmp_path, content):
    path = tmp_path / "secret" if content is None else file_of(content, "secret")

    with pytest.raises(SettingsError, match=r"\$\.deliver\.token_file: .*secret"):
        load_settings(None, {"FIELDLINE_INFLUX_TOKEN_FILE": str(path)})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[ingest]\nclientid = 'x'", "$.ingest.clientid: unknown key, did you mean 'client_id'?"),
        ("[ingset]", "$.ingset: unknown key, did you mean 'ingest'?"),
        ("ingest = 3", "$.ingest: expected a table, got 3"),
        ("given = ['x']", "$.given: unknown key"),
        ("[ingest]\nbatch_rows = 0", "$.ingest.batch_rows: expected `int` >= 1, got 0"),
        ("[ingest]\nbatch_rows = '1'", "$.ingest.batch_rows: expected `int`, got `str`, got '1'"),
        ("[ingest]\nbatch_s = nan", "$.ingest.batch_s: "),
        ("[process]\nsettle_s = nan", "$.process.settle_s: "),
        ("[process]\nsettle_s = 5\nhorizon_s = 4", "$.process.horizon_s: expected more than settle_s"),
        ("[process]\nwindows = ['1y']", "$.process.windows: expected some of 1s"),
        ("[ingest]\nmax_age_s = 0", "$.ingest.max_age_s: expected more than 0"),
        ("[ingest]\nprotocol = '4'", "$.ingest.protocol: "),
        ("[ingest]\nclock = 'trust'", "$.ingest.clock: "),
        ("[ingest]\nsubscribe = []", "$.ingest.subscribe: expected at least one"),
        ("[ingest]\nsubscribe = ['a/#/b']", "$.ingest.subscribe: expected an MQTT topic filter"),
        ("[ingest]\nsubscribe = ['a+']", "$.ingest.subscribe: expected an MQTT topic filter"),
        ("[ingest]\ntls_key = 'k'", "$.ingest.tls_key: needs tls_cert"),
        ("[ingest]\npassword = 'a'\npassword_file = 'b'", "$.ingest.password: give it or password_file, not both"),
        (
            "[ingest]\nmqtt = 'http://x'",
            "$.ingest.mqtt: expected mqtt://host:port or mqtts://host:port, got 'http://x'",
        ),
        ("[ingest]\nmqtt = 'mqtt://x:99999'", "$.ingest.mqtt: expected"),
        ("[ingest]\nmqtt = 'mqtt://u:p@x'", "$.ingest.mqtt: a password has no place in a URL"),
        ("[deliver]\ninflux = 'http://x:8086'", "without a bucket"),
        ("[deliver]\ninflux = 'http://u@x/b'", "$.deliver.influx: a user has no place in a URL"),
        (
            "[deliver]\ninflux = 'http://x/b?org=o&token=s3cret'",
            "$.deliver.influx: a secret (token=) has no place in a URL",
        ),
        (
            "[deliver]\ninflux = 'http://x/b?api=v1&u=a&p=s3cret'",
            "$.deliver.influx: a secret (p=) has no place in a URL",
        ),
        ("[deliver]\ninflux = 'ftp://x/b'", "$.deliver.influx: expected http://host:port"),
        ("log = 'sqlite:'", "$.log: expected sqlite:PATH or kafka://host:port"),
        ("log = 'redis://x'", "$.log: expected sqlite:PATH or kafka://host:port"),
        ("http = 'yes'", "$.http: expected HOST:PORT"),
        ("a = [", "fieldline.toml: "),
    ],
)
def test_a_wrong_setting_stops_the_start_with_its_place(file_of, text, message):
    path = file_of(text)

    with pytest.raises(SettingsError) as caught:
        load_settings(path, {})

    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_all_faults_are_told_at_once_and_where_they_come_from(file_of):
    path = file_of("hots = 1\n[ingest]\nbatch_rows = 0")

    with pytest.raises(SettingsError) as caught:
        load_settings(path, {"FIELDLINE_INFUX": "x", "FIELDLINE_HOME_OF_OTHERS": "x"}, {"log": "redis://x"})

    assert str(caught.value).split("\n") == [
        "environment FIELDLINE_INFUX: unknown variable, did you mean 'FIELDLINE_INFLUX'?",
        f"{path}: $.hots: unknown key",
        f"{path}: $.ingest.batch_rows: expected `int` >= 1, got 0",
        "$.log: expected sqlite:PATH or kafka://host:port[,host:port], got 'redis://x'",
    ]


def test_a_missing_file_and_one_that_is_no_text_are_named(tmp_path):
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")

    for path in (tmp_path / "absent.toml", tmp_path, binary):
        with pytest.raises(SettingsError, match=re.escape(str(path))):
            load_settings(path)


def test_the_defaults_in_the_example_are_the_defaults(tmp_path):
    text = Path("examples/fieldline.toml").read_text("utf-8")
    shown = re.sub(r"(?m)^# (\w+ = )", r"\1", text)
    not_defaults = (
        r"(?m)^(plant|http|share|username|\w+_file|tls_\w+|max_age_s|raw|influx|store|rollup|retention_s) = .*"
    )
    path = tmp_path / "fieldline.toml"
    path.write_text(re.sub(not_defaults, "", shown), "utf-8")

    settings = load_settings(path)

    assert set(settings.process.operators or ()) == set(default())
    assert replace(settings.process, operators=None) == Settings().process
    for table in ("log", "deliver"):
        assert getattr(settings, table) == getattr(Settings(), table)
    assert repr(settings.ingest) == repr(Settings().ingest)  # max_age_s is NaN, unequal to itself


def test_the_example_names_every_setting():
    text = Path("examples/fieldline.toml").read_text("utf-8")
    defaults = Settings()

    for struct in (defaults.ingest, defaults.process, defaults.deliver):
        for name in struct.__struct_fields__:
            assert re.search(rf"(?m)^# {name.removesuffix('_file')}(_file)? = ", text) or name in ("password", "token")
