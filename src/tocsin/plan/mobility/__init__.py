"""How long it really takes from every unit to every place."""

from tocsin.plan.mobility.dependency import Lifeline, lifelines
from tocsin.plan.mobility.fields import Fields, Grid, ascii_grid, isochrones
from tocsin.plan.mobility.overland import Overland
from tocsin.plan.mobility.speeds import Mode, Mover, Speeds, default_speeds, month_in, read_speeds, season_of, speeds_of
from tocsin.plan.mobility.straight import arrival, hours, mover_of, reach_km, responders
from tocsin.plan.mobility.surface import Danger, Road, Terrain, fields_of, roads_from_geojson, speed_raster, unit_hours

__all__ = [
    "Danger",
    "Fields",
    "Grid",
    "Lifeline",
    "Mode",
    "Mover",
    "Overland",
    "Road",
    "Speeds",
    "Terrain",
    "arrival",
    "ascii_grid",
    "default_speeds",
    "fields_of",
    "hours",
    "isochrones",
    "lifelines",
    "month_in",
    "mover_of",
    "reach_km",
    "read_speeds",
    "responders",
    "roads_from_geojson",
    "season_of",
    "speed_raster",
    "speeds_of",
    "unit_hours",
]
