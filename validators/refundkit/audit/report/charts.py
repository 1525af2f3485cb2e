"""Vega-Lite charts of Vega-Altair; colours are CSS variables, so that a chart follows the page into the dark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from altair import FacetChart, LayerChart

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
INK, MUTED, LINE = "var(--ink)", "var(--muted)", "var(--line)"
KINDS = {"error": "var(--accent)", "warning": "var(--warning)"}

# The height of a horizontal bar with the words above it, and the width of a column where there are few.
_BAR_HEIGHT, _WIDEST_COLUMN = 42, 64


class Bar(msgspec.Struct, frozen=True):
    """One bar, or one part of a stack of the same key; `go` is the filter of the table that a click asks for.

    `length` only draws: what is read is `text`, which is exact.
    """

    key: str
    label: str
    text: str
    kind: str
    length: float
    tip: str = ""
    go: str = ""


def draw_bars(rows: Sequence[Bar]) -> dict[str, Any]:
    """Draw horizontal bars in order, name and number above each, so that they fit a narrow screen."""
    import altair as alt

    base = _make_base(rows).encode(y=alt.Y("key:N", sort=None, axis=None, scale=alt.Scale(padding=0)))
    return _make_specification(
        alt.layer(
            base.mark_bar(height=7, cursor="pointer", yOffset=9, cornerRadiusEnd=1).encode(
                x=alt.X("length:Q", axis=None, scale=alt.Scale(nice=False, zero=True)),
                order="kind:O",
                color=_make_color(),
                tooltip="tip:N",
            ),
            base.mark_text(
                align="left",
                baseline="bottom",
                dy=2,
                fontSize=13,
                color=INK,
                cursor="pointer",
                limit=alt.ExprRef("max(60, width - 120)"),
            ).encode(x=alt.value(0), text="label:N", tooltip="tip:N"),
            base.mark_text(align="right", baseline="bottom", dy=2, fontSize=13, color=INK, fontWeight=600).encode(
                x=alt.value("width"), text="text:N"
            ),
        ).properties(width="container", height=_BAR_HEIGHT * len({one.key for one in rows}))
    )


def draw_columns(rows: Sequence[Bar]) -> dict[str, Any]:
    """Draw stacked columns along time, in order."""
    import altair as alt

    keys = list(dict.fromkeys(one.key for one in rows))
    peak = int(max(sum(one.length for one in rows if one.key == key) for key in keys))
    axis = alt.Axis(title=None, labelAngle=0, labelOverlap="greedy", labelSeparation=12, ticks=False, labelPadding=8)
    scale = alt.Scale(
        paddingInner=0.25, paddingOuter=0, rangeMax=alt.ExprRef(f"min(width, {_WIDEST_COLUMN * len(keys)})")
    )
    column = (
        _make_base(rows)
        .mark_bar()
        .encode(
            x=alt.X("key:N", sort=keys, axis=axis, scale=scale),
            y=alt.Y(
                "length:Q",
                axis=alt.Axis(
                    title=None, tickCount=max(1, min(4, peak)), domain=False, ticks=False, format=",d", labelPadding=8
                ),
            ),
            order="kind:O",
            color=_make_color(),
            tooltip="tip:N",
        )
    )
    return _make_specification(alt.layer(column).properties(width="container", height=200))


def _make_base(rows: Sequence[Bar]) -> Any:
    import altair as alt

    return alt.Chart(alt.InlineData([msgspec.structs.asdict(one) for one in rows]))


def _make_color() -> Any:
    import altair as alt

    return alt.Color("kind:N", legend=None, scale=alt.Scale(domain=list(KINDS), range=list(KINDS.values())))


def _make_specification(chart: LayerChart | FacetChart) -> dict[str, Any]:
    dressed = (
        chart.configure(
            background="transparent",
            font=FONT,
            padding=0,
            aria=False,
        )
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=MUTED, labelFontSize=12, domainColor=LINE, gridColor=LINE, gridWidth=1, labelFontWeight="normal"
        )
    )
    specification: dict[str, Any] = dressed.to_dict()
    specification["autosize"] = {"type": "fit-x", "contains": "padding"}
    del specification["$schema"]
    return specification
