"""Runs an ingest stage as a process that a test can kill: `python ingest_process.py MQTT_URL LOG_URL`."""

import signal
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from fieldline.clock import SystemClock
from fieldline.health import Health
from fieldline.log import open_log
from fieldline.plant import Plant
from fieldline.settings import IngestSettings
from ingest.stage import IngestStage

if __name__ == "__main__":
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
    log = open_log(sys.argv[2])
    settings = IngestSettings(mqtt=sys.argv[1], subscribe=("plant/#",), client_id="killed", receive_maximum=100)
    IngestStage(settings, Plant(), log, Health("ingest"), SystemClock()).run(stop)
    log.close()
