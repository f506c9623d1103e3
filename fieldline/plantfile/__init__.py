"""The plant file as it stands: one struct for each of its tables, and what can be wrong in them.

`examples/plant.toml` explains every key; `fieldline.plant.Plant` answers from it. One module a topic; the names are here.
"""

from fieldline.plantfile.assets import AssetEntry, GroupEntry, LineEntry, ProductEntry, SiteEntry
from fieldline.plantfile.attribute_chart import AttributeChartEntry
from fieldline.plantfile.calendars import BreakEntry, CalendarEntry, ShiftEntry, StopEntry
from fieldline.plantfile.commands import AcknowledgedEntry, CommandEntry, InterlockEntry
from fieldline.plantfile.disease import DiseaseEntry
from fieldline.plantfile.fields import CropEntry, FieldEntry, SoilEntry, SystemEntry
from fieldline.plantfile.growth import GrowthEntry
from fieldline.plantfile.machine import BearingEntry, MachineEntry
from fieldline.plantfile.maintenance import ActionEntry, AdviceEntry, HealthEntry
from fieldline.plantfile.metrics import MetricEntry, MetricField
from fieldline.plantfile.models import ModelEntry, ModelOutput
from fieldline.plantfile.rotas import ExceptionEntry, RotaEntry
from fieldline.plantfile.spc import RULES, SpcEntry, SpcLimits
from fieldline.plantfile.stations import StationEntry
from fieldline.plantfile.tags import TagEntry
from fieldline.plantfile.tariffs import PeriodEntry, TariffEntry, TierEntry
from fieldline.plantfile.topics import Topic
from fieldline.plantfile.whole import PlantFile

__all__ = [
    "RULES",
    "AcknowledgedEntry",
    "ActionEntry",
    "AdviceEntry",
    "AssetEntry",
    "AttributeChartEntry",
    "BearingEntry",
    "BreakEntry",
    "CalendarEntry",
    "CommandEntry",
    "CropEntry",
    "DiseaseEntry",
    "ExceptionEntry",
    "FieldEntry",
    "GroupEntry",
    "GrowthEntry",
    "HealthEntry",
    "InterlockEntry",
    "LineEntry",
    "MachineEntry",
    "MetricEntry",
    "MetricField",
    "ModelEntry",
    "ModelOutput",
    "PeriodEntry",
    "PlantFile",
    "ProductEntry",
    "RotaEntry",
    "ShiftEntry",
    "SiteEntry",
    "SoilEntry",
    "SpcEntry",
    "SpcLimits",
    "StationEntry",
    "StopEntry",
    "SystemEntry",
    "TagEntry",
    "TariffEntry",
    "TierEntry",
    "Topic",
]
