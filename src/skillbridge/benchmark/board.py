"""The board: scores as a table and as one page that opens offline."""

import html
from collections.abc import Sequence

import polars as pl

from skillbridge.benchmark.families import FAMILIES
from skillbridge.benchmark.run import OPTIMUM, POLICIES, Score

_STYLE = """
body { font: 16px/1.5 "Noto Sans", system-ui, sans-serif; color: #1c2b33 }
body { margin: 0 auto; max-width: 1080px; padding: 24px }
h1 { color: #0b3b3f } h2 { margin: 32px 0 4px } p { max-width: 80ch }
table { border-collapse: collapse; width: 100%; font-size: 14px }
th, td { padding: 6px 10px; border-bottom: 1px solid #dfe5e4; text-align: left }
.n { text-align: right; font-variant-numeric: tabular-nums }
.best td { background: #dcefeb; font-weight: 600 } .broken td { color: #8a2f10 }
.bar { display: block; height: 8px; border-radius: 4px; background: #0f6e6e }
@media print { body { max-width: none } }
"""


def table(scores: Sequence[Score]) -> pl.DataFrame:
    """The scores as a table, sorted by instance, legal ones first, the most points first."""
    rows = [
        {
            "instance": one.instance,
            "family": one.family,
            "workers": one.workers,
            "entry": one.entry,
            "points": one.points,
            "share_of_bound": one.share,
            "behind_optimum": one.behind,
            "placed": one.placed,
            "first_quarter": one.first_quarter,
            "cpu_seconds": one.cpu_seconds,
            "broken": "; ".join(one.broken),
            "what": one.what,
        }
        for one in scores
    ]
    frame = pl.DataFrame(rows, schema_overrides={"cpu_seconds": pl.Float64})
    return frame.sort("family", "workers", "instance", pl.col("broken") != "", -pl.col("points"), "entry")


def page(scores: Sequence[Score], version: str) -> str:
    """The board as HTML, one section an instance; the same scores give the same text."""
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>Placement benchmark</title><style>{_STYLE}</style></head><body><h1>Placement benchmark</h1>",
        "<p>Every answer is judged from the instance's tables by a judge that knows no solver. Share: of the bound",
        " that no plan can exceed. First quarter: the share placed of those who came first, whom a first-come rule",
        " serves best.",
        " Pools of workers are synthetic.</p>",
    ]
    frame = table(scores)
    for (name, family, workers), lines in frame.group_by("instance", "family", "workers", maintain_order=True):
        title = FAMILIES[str(family)].title if family in FAMILIES else str(family)
        parts.append(f"<h2>{html.escape(str(name))}</h2><p>{html.escape(title)}; {workers:,} workers.</p><table>")
        heads = ("entry", "what it is", "points", "share", "", "behind", "placed", "first quarter", "CPU s")
        parts.append("<tr>" + "".join(f"<th>{one}</th>" for one in heads) + "</tr>")
        parts += [_line(line) for line in lines.iter_rows(named=True)]
        parts.append("</table>")
    parts.append(f"<p>Made by SkillBridge {html.escape(version)}.</p></body></html>")
    return "\n".join(parts) + "\n"


def _line(line: dict[str, object]) -> str:
    entry, broken = str(line["entry"]), str(line["broken"])
    what = (
        "prices, dives and exact parts, with a proven bound"
        if entry == OPTIMUM
        else str(line["what"]) or "an answer handed in"
    )
    what = POLICIES[entry][0] if entry in POLICIES else what
    share, spent = float(str(line["share_of_bound"])), line["cpu_seconds"]
    cells = [
        f"<td>{html.escape(entry)}</td><td>{html.escape(broken or what)}</td><td class='n'>{line['points']:,}</td>",
        f"<td class='n'>{share:.2%}</td><td><span class='bar' style='width:{120 * max(0.0, share):.0f}px'></span></td>",
        f"<td class='n'>{line['behind_optimum']:.2%}</td><td class='n'>{line['placed']:,}</td>",
        f"<td class='n'>{line['first_quarter']:.1%}</td><td class='n'>{'' if spent is None else spent}</td>",
    ]
    kind = "broken" if broken else "best" if entry == OPTIMUM else ""
    return f"<tr class='{kind}'>{''.join(cells)}</tr>"
