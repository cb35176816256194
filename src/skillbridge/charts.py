"""Altair charts, one function each, from small tables that `indicators` makes; used by console, report and notebooks.

Every function takes a frame and the language of its words, and gives back a chart. Widths are in pixels. `svg` draws a
chart offline; colours hold WCAG AA contrast against white (3:1 for shapes, 4.5:1 for text).
"""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import altair as alt
import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge import resources, words

INK, MUTED, GRID, PAPER = "#1c2b33", "#52646e", "#dfe5e4", "#ffffff"
USED, LEFT, ALARM = "#0f6e6e", "#c9d8d5", "#b3401f"
SERIES = ("#0f6e6e", "#c2571a", "#4b5fa8", "#8a6d00", "#97356b", "#3d7d33", "#6b4fa0", "#5f6b70")
FONT = "sans-serif"
"""Drawn with whatever the page uses; one generic family also measures four times faster than a list of fonts."""
Chart = alt.Chart | alt.LayerChart | alt.FacetChart


def svg(chart: Chart) -> str:
    """The chart as one SVG element, drawn without network; the same chart gives the same text."""
    import vl_convert  # 60 ms of V8 start-up: only when something is drawn

    text: str = vl_convert.vegalite_to_svg(chart.to_dict(validate=False), allowed_base_urls=[])
    return text


def quota_board(rules: pl.DataFrame, *, lang: str = "en", width: int = 960) -> Chart:
    """Bars of used and left places per quota row. `rules`: place (text), limit, used (heads), the fullest first."""
    rows = rules.with_columns(
        share=pl.col("used") / pl.col("limit"),
        whole=pl.lit(1.0),
        text=pl.Series(
            [
                f"{words.number(lang, used)} / {words.number(lang, limit)}"
                for used, limit in rules["used", "limit"].rows()
            ]
        ),
    )
    y = _labels("place", rows["place"].to_list(), width)
    scale = alt.Scale(domain=[0, 1 + max(110 / (width * 0.5), 0.72 if width < 600 else 0)])
    base = alt.Chart(rows)
    cap = base.mark_bar(color=LEFT, height=16, cornerRadius=3).encode(y=y, x=alt.X("whole:Q", axis=None, scale=scale))
    full = alt.condition("datum.share >= 0.9995", alt.value(ALARM), alt.value(USED))
    used = base.mark_bar(height=16, cornerRadius=3).encode(y=y, x=alt.X("share:Q", axis=None, scale=scale), color=full)
    label = base.mark_text(align="left", dx=6, color=INK, fontSize=12).encode(
        y=y, x=alt.X("whole:Q", axis=None, scale=scale), text="text:N"
    )
    return _styled(alt.layer(cap, used, label), width, max(rows.height, 1) * 26)


def chains_chart(stays: pl.DataFrame, *, lang: str = "en", width: int = 960) -> Chart:
    """Each worker's stays on a time axis, coloured by destination. `stays`: worker_id, start, end (dates), destination
    (text, at most eight), rank (order of the workers from the top)."""
    names = stays["destination"].unique().sort().to_list()
    order = stays.sort("rank")["worker_id"].unique(maintain_order=True).to_list()
    bars = (
        alt.Chart(stays)
        .mark_bar(height=14, cornerRadius=3)
        .encode(
            y=_labels("worker_id", order, width),
            x=alt.X("start:T", title=None, axis=alt.Axis(format="%m/%y", tickCount=int(width / 75), grid=True)),
            x2="end:T",
            color=alt.Color(
                "destination:N",
                title=None,
                scale=alt.Scale(domain=names, range=[SERIES[number % len(SERIES)] for number in range(len(names))]),
                legend=alt.Legend(orient="top", columns=max(1, width // 190), labelLimit=170, symbolType="square"),
            ),
        )
    )
    return _styled(bars, width, max(len(order), 1) * 22)


def season_chart(presence: pl.DataFrame, *, lang: str = "en", width: int = 960, height: int = 300) -> Chart:
    """Workers present by week, stacked. `presence`: week (date), series (text), heads; at most eight series."""
    order = presence.group_by("series").agg(pl.col("heads").sum()).sort("heads", "series", descending=[True, False])
    names = order["series"].to_list()
    rows = presence.join(order.with_row_index("rank").select("series", "rank"), on="series").sort("week", "rank")
    area = (
        alt.Chart(rows)
        .mark_area(interpolate="monotone", opacity=0.92, stroke=PAPER, strokeWidth=0.7)
        .encode(
            x=alt.X("week:T", title=None, axis=alt.Axis(format="%m/%y", tickCount=int(width / 75), grid=False)),
            y=alt.Y("heads:Q", stack="zero", title=words.say(lang, "column.heads"), axis=_figures(5, lang)),
            color=alt.Color(
                "series:N",
                title=None,
                scale=alt.Scale(domain=names, range=list(SERIES[: len(names)])),
                legend=alt.Legend(orient="top", columns=max(1, width // 190), labelLimit=170, symbolType="square"),
            ),
            order=alt.Order("rank:Q"),
        )
    )
    return _styled(area, width, height)


def corridor_map(corridors: pl.DataFrame, *, lang: str = "en", width: int = 960) -> Chart:
    """Arcs from origin to destination on a world map. `corridors`: origin, destination (ISO 3166-1), placed (heads)."""
    points = country_points()
    known = corridors.filter(
        pl.col("origin").is_in(list(points)) & pl.col("destination").is_in(list(points)) & (pl.col("placed") > 0)
    ).sort("placed", "origin", "destination", descending=[True, False, False])
    ends = known["origin"].unique().to_list() + known["destination"].unique().to_list()
    rotate = _rotation([points[code][0] for code in ends])
    destinations = known["destination"].unique().to_list()
    origins = known["origin"].unique().to_list()
    land = (
        alt.Chart(alt.NamedData(name="world", format=alt.TopoDataFormat(feature="countries", type="topojson")))
        .mark_geoshape(stroke=PAPER, strokeWidth=0.5)
        .encode(
            color=alt.condition(
                alt.FieldOneOfPredicate(field="id", oneOf=destinations),
                alt.value("#9fc4be"),
                alt.value("#e3e8e6"),
            )
        )
    )
    largest = max(known["placed"].to_list(), default=1)
    arcs = [
        {
            "type": "Feature",
            "geometry": {"type": "LineString", "coordinates": _arc(points[origin], points[destination])},
            "properties": {"width": 0.8 + 7.2 * (placed / largest) ** 0.5},
        }
        for origin, destination, placed in known.rows()
        if origin != destination
    ]
    lines = (
        alt.Chart(alt.NamedData(name="arcs"))
        .mark_geoshape(filled=False, stroke=SERIES[1], opacity=0.62, strokeCap="round")
        .encode(strokeWidth=alt.StrokeWidth("properties.width:Q", scale=None, legend=None))
    )
    totals = [
        {"code": code, "lon": points[code][0], "lat": points[code][1], "end": end}
        for end, codes in (("origin", origins), ("destination", destinations))
        for code in sorted(codes)
    ]
    dots = (
        alt.Chart(_values(totals))
        .mark_circle(opacity=1, stroke=PAPER, strokeWidth=1)
        .encode(
            longitude="lon:Q",
            latitude="lat:Q",
            size=alt.condition("datum.end == 'destination'", alt.value(70), alt.value(34)),
            color=alt.condition("datum.end == 'destination'", alt.value(USED), alt.value(SERIES[1])),
        )
    )
    ranked = list(dict.fromkeys([*destinations, *known.head(14)["origin"]]))
    shown = _apart([(code, *points[code]) for code in ranked])
    names = (
        alt.Chart(_values([end for end in totals if end["code"] in shown]))
        .mark_text(dy=-9, fontSize=12, fontWeight=600, color=INK, stroke=PAPER, strokeWidth=0)
        .encode(longitude="lon:Q", latitude="lat:Q", text="code:N")
    )
    return _styled(
        alt.layer(land, lines, dots, names),
        width,
        int(width * 0.5),
        projection=alt.Projection(type="naturalEarth1", rotate=[rotate, 0, 0]),
        datasets={"world": _world(), "arcs": arcs},
    )


def change_bars(changes: pl.DataFrame, *, lang: str = "en", width: int = 960) -> Chart:
    """Heads placed more or less than the first, a bar a scenario, with the least and most over seeds as a line.

    `changes`: scenario (text, distinct), change, least, most (heads, may be negative), in the order of the bars.
    """
    rows = changes.with_columns(
        more=pl.col("change") >= 0,
        text=pl.col("change").map_elements(
            lambda heads: ("+" if heads > 0 else "") + words.number(lang, heads), return_dtype=pl.String
        ),
        end=pl.max_horizontal("change", "most", pl.lit(0.0)),
    )
    span = max(1.0, *(abs(float(one)) for one in rows["least", "most", "change"].to_numpy().ravel()))
    low = min(0.0, float(rows["least"].min() or 0.0))  # type: ignore[arg-type]
    x_scale = alt.Scale(domain=[1.08 * low, max(float(rows["end"].max() or 0.0), 0.0) + 0.3 * span])  # type: ignore[arg-type]
    y = _labels("scenario", rows["scenario"].to_list(), width)
    base = alt.Chart(rows)
    bars = base.mark_bar(height=16, cornerRadius=3).encode(
        y=y,
        x=alt.X("change:Q", axis=None, scale=x_scale),
        color=alt.condition("datum.more", alt.value(USED), alt.value(SERIES[1])),
    )
    reach = base.mark_rule(color=INK, strokeWidth=1.5).encode(y=y, x=alt.X("least:Q", scale=x_scale), x2="most:Q")
    label = base.mark_text(align="left", dx=6, color=INK, fontSize=12).encode(
        y=y, x=alt.X("end:Q", scale=x_scale), text="text:N"
    )
    return _styled(alt.layer(bars, reach, label), width, max(rows.height, 1) * 26)


def hit_bars(hit: pl.DataFrame, *, lang: str = "en", width: int = 960) -> Chart:
    """Whom a shock hits: stacked bars of heads, a bar a group. `hit`: group (text, distinct, in the order of the bars),
    series (text), rank (order of the series), heads, text (beside the bar, the same in all rows of a group)."""
    series = hit.sort("rank")["series"].unique(maintain_order=True).to_list()
    ends = hit.group_by("group", "text", maintain_order=True).agg(end=pl.col("heads").sum())
    x = alt.Scale(domain=[0, 1.4 * max(ends["end"].to_list(), default=1) or 1])
    y = _labels("group", ends["group"].to_list(), width)
    bars = (
        alt.Chart(hit)
        .mark_bar(height=16)
        .encode(
            y=y,
            x=alt.X("heads:Q", axis=None, scale=x, stack="zero"),
            order="rank:O",
            color=alt.Color(
                "series:N",
                title=None,
                scale=alt.Scale(domain=series, range=[ALARM, SERIES[3], SERIES[2]][: len(series)]),
                legend=alt.Legend(orient="top", columns=max(1, width // 190), labelLimit=170, symbolType="square"),
            ),
        )
    )
    label = (
        alt.Chart(ends)
        .mark_text(align="left", dx=6, color=INK, fontSize=12)
        .encode(y=y, x=alt.X("end:Q", scale=x), text="text:N")
    )
    return _styled(alt.layer(bars, label), width, max(ends.height, 1) * 26 + 40)


def trade_off(
    points: pl.DataFrame,
    first: str,
    second: str,
    *,
    shares: Sequence[bool] = (False, False),
    lang: str = "en",
    width: int = 960,
    height: int = 320,
) -> Chart:
    """Scenarios by two figures; those no other beats in both are filled and joined.

    `points`: scenario (text), x and y (in the units that the titles `first` and `second` name), kept (on the frontier).
    `shares`: which of the two are shares, shown as percentages.
    """
    point = words.number(lang, 0.5, 1)[1]
    x, y = (
        channel(
            f"{name}:Q",
            title=title,
            scale=alt.Scale(zero=False, padding=24),
            axis=alt.Axis(
                labelExpr=f"replace(format(datum.value, '{'.3~p' if share else '.3~f'}'), '.', '{point}')",
                tickCount=int(width / 75) if name == "x" else 6,
            ),
        )
        for channel, name, title, share in zip((alt.X, alt.Y), "xy", (first, second), shares, strict=True)
    )
    base, best = alt.Chart(points), alt.Chart(points.filter("kept").sort("x"))
    line = best.mark_line(color=USED, strokeWidth=1.5, opacity=0.6).encode(x=x, y=y)
    dots = base.mark_point(size=90, strokeWidth=2, filled=True).encode(
        x=x, y=y, color=alt.condition("datum.kept", alt.value(USED), alt.value(LEFT))
    )
    names = best.mark_text(dy=-12, fontSize=12, color=INK, limit=int(width * 0.3)).encode(x=x, y=y, text="scenario:N")
    return _styled(alt.layer(line, dots, names), width, height)


def fill_by_reason(reasons: pl.DataFrame, *, lang: str = "en", width: int = 460) -> Chart:
    """Bars of heads per reason, filled or placed first. `reasons`: reason (code of words' reason), heads."""
    done = ("filled", "placed")
    total = max(int(reasons["heads"].sum()), 1)
    rows = reasons.with_columns(
        done=pl.col("reason").is_in(done),
        label=pl.col("reason").map_elements(lambda code: words.say(lang, f"reason.{code}"), return_dtype=pl.String),
        text=pl.col("heads").map_elements(
            lambda heads: f"{words.number(lang, heads)}  ({words.percent(lang, heads / total)})", return_dtype=pl.String
        ),
    ).sort("done", "heads", "reason", descending=[True, True, False])
    y = _labels("label", rows["label"].to_list(), width)
    x = alt.X("heads:Q", axis=None, scale=alt.Scale(domain=[0, max(rows["heads"].to_list(), default=1) * 1.75]))
    base = alt.Chart(rows)
    bars = base.mark_bar(height=16, cornerRadius=3).encode(
        y=y, x=x, color=alt.condition("datum.done", alt.value(USED), alt.value(SERIES[1]))
    )
    label = base.mark_text(align="left", dx=6, color=INK, fontSize=12).encode(y=y, x=x, text="text:N")
    return _styled(alt.layer(bars, label), width, max(rows.height, 1) * 26)


def distribution(bins: pl.DataFrame, title: str, *, lang: str = "en", width: int = 460, height: int = 200) -> Chart:
    """A histogram. `bins`: low, high (the title's unit), heads."""
    chart = (
        alt.Chart(bins)
        .mark_bar(color=USED, binSpacing=1)
        .encode(
            x=alt.X("low:Q", bin="binned", title=title, axis=alt.Axis(grid=False, format="~g", tickCount=6)),
            x2="high:Q",
            y=alt.Y("heads:Q", title=words.say(lang, "column.placements"), axis=_figures(4, lang)),
        )
    )
    return _styled(chart, width, height)


def _labels(field: str, order: list[str], width: int) -> alt.Y:
    return alt.Y(f"{field}:N", sort=order, title=None, axis=alt.Axis(labelLimit=int(width * 0.5), labelPadding=6))


def _figures(ticks: int, lang: str) -> alt.Axis:
    """An axis of heads: whole numbers, grouped as the language does."""
    grouping = words.number(lang, 10_000)[2:-3]
    label = f"replace(format(datum.value, ',d'), /,/g, '{grouping}')"
    return alt.Axis(labelExpr=label, tickCount=ticks, tickMinStep=1, domain=False, ticks=False)


@cache
def country_points() -> dict[str, tuple[float, float]]:
    """ISO 3166-1 alpha-2 -> (longitude, latitude) in degrees; see datasets/maps/SOURCE.md."""
    frame = pl.read_csv(
        resources.folder("datasets") / "maps" / "countries.csv",
        schema={"iso2": pl.String, "lon": pl.Float64, "lat": pl.Float64},
    )
    return {code: (lon, lat) for code, lon, lat in frame.rows()}


@cache
def _world() -> Any:
    return json.loads((resources.folder("datasets") / "maps" / "world.json").read_text(encoding="utf-8"))


def _rotation(longitudes: Sequence[float]) -> float:
    """Degrees to turn the globe so that the map's edge falls into the widest stretch without an end of a corridor."""
    if not longitudes:
        return 0.0
    ring = np.sort(np.asarray(longitudes))
    gaps = np.diff(np.append(ring, ring[0] + 360))
    widest = int(np.argmax(gaps))
    edge = ring[widest] + gaps[widest] / 2
    rotation = float(180 - edge)
    rotation = (rotation + 180) % 360 - 180
    return 0.0 if all(-168 < lon < 178 for lon in longitudes) and abs(rotation) < 60 else round(rotation, 1)


def _arc(start: tuple[float, float], end: tuple[float, float], steps: int = 32) -> list[list[float]]:
    """A great circle bowed to its left a little, so that both directions of a corridor and near ones stay apart."""
    a, b = (_unit(*point) for point in (start, end))
    normal = np.cross(a, b)
    if (length := np.linalg.norm(normal)) < 1e-9:
        return [list(start), list(end)]
    angle = np.arctan2(length, a @ b)
    t = np.linspace(0, 1, steps + 1)[:, None]
    path = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)
    path = path + 0.18 * angle * np.sin(np.pi * t) * normal / length
    path /= np.linalg.norm(path, axis=1, keepdims=True)
    lon, lat = np.degrees(np.arctan2(path[:, 1], path[:, 0])), np.degrees(np.arcsin(path[:, 2]))
    return [[round(float(x), 2), round(float(y), 2)] for x, y in zip(lon, lat, strict=True)]


def _apart(places: Sequence[tuple[str, float, float]], wide: float = 14.0, high: float = 8.0) -> set[str]:
    """The names of places that lie apart by a label's degrees, the first first: others would be drawn over them."""
    kept: list[tuple[str, float, float]] = []
    for name, lon, lat in places:
        if all(abs((lon - x + 180) % 360 - 180) >= wide or abs(lat - y) >= high for _, x, y in kept):
            kept.append((name, lon, lat))
    return {name for name, _, _ in kept}


def _values(values: Any, **settings: Any) -> alt.Data:
    return alt.Data(values=values, **settings)  # type: ignore[no-untyped-call]


def _unit(lon: float, lat: float) -> npt.NDArray[np.float64]:
    lon, lat = np.radians(lon), np.radians(lat)
    return np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def _styled(chart: Chart, width: int, height: int, **properties: Any) -> Chart:
    """One call for everything: each chained one copies the chart with its data."""
    config = alt.Config(
        font=FONT,
        aria=False,
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(
            labelColor=INK,
            titleColor=MUTED,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            gridColor=GRID,
            domainColor=GRID,
            tickColor=GRID,
        ),
        legend=alt.LegendConfig(labelColor=INK, labelFontSize=12),
    )
    styled: Chart = chart.properties(
        width=width,
        height=height,
        background="transparent",
        padding=4,
        autosize=alt.AutoSizeParams(type="fit", contains="padding"),
        config=config,
        **properties,
    )
    return styled
