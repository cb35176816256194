"""How time and memory of placement grow with the workers: a table and a picture of lines that `test_plan` printed.

`python -m benchmarks.growth benchmarks/placement.jsonl docs/_static/placement-growth.svg` prints the table of all lines
of the file and draws the picture. Add a line by `python -m benchmarks.test_plan WORKERS SEED DEGREE SECONDS >> FILE`.
"""

import json
import sys
from pathlib import Path

import altair as alt
import polars as pl

from skillbridge.charts import svg

HEADINGS = ("workers", "degree", "seed", "mode", "gap %", "CPU-s", "peak MB")


def measured(path: Path) -> pl.DataFrame:
    """The lines of `path` with `mode` (plain flow, or the limit in CPU-seconds) and `gap` in percent or null."""
    lines = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    return pl.DataFrame(
        [
            {
                "workers": line["workers"],
                "degree": line["degree"],
                "seed": line["seed"],
                "limit": float(line["seconds"]),
                "mode": _mode(line["workers"], float(line["seconds"])),
                "gap": line.get("gap_percent"),
                "cpu": float(line["cpu"]),
                "peak": line["peak_mb"],
            }
            for line in lines
        ]
    ).sort("workers", "degree", "seed", "mode", "limit")


def _mode(workers: int, seconds: float) -> str:
    """As `solve.effort` chooses; no seconds are the plain flow."""
    if not seconds:
        return "plain flow"
    return "fast" if seconds < 10 + workers * 60e-6 else "tight"


def table(lines: pl.DataFrame) -> str:
    """The lines as a table in Markdown."""
    rows = [HEADINGS, ("---",) * len(HEADINGS)]
    for line in lines.iter_rows(named=True):
        gap = "" if line["gap"] is None else f"{line['gap']:.3f}"
        size = f"{line['workers']:,}"
        rows.append((size, line["degree"], line["seed"], line["mode"], gap, f"{line['cpu']:.1f}", line["peak"]))
    return "\n".join("| " + " | ".join(str(value) for value in row) + " |" for row in rows)


def picture(lines: pl.DataFrame) -> alt.HConcatChart:
    """CPU-seconds and peak memory against workers, both axes in powers of ten, one line a mode."""
    means = lines.group_by("workers", "mode").agg(pl.col("cpu", "peak").mean()).sort("workers", "mode")
    data = alt.Data(values=means.to_dicts())  # type: ignore[no-untyped-call]
    base = alt.Chart(data).mark_line(point=True)
    workers = alt.X("workers:Q", scale=alt.Scale(type="log"), title="workers", axis=alt.Axis(format="~s"))

    def panel(field: str, title: str) -> alt.Chart:
        height = alt.Y(f"{field}:Q", scale=alt.Scale(type="log"), title=title)
        drawn: alt.Chart = base.encode(x=workers, y=height, color="mode:N", strokeDash="mode:N")
        return drawn.properties(width=320, height=240)

    return alt.hconcat(panel("cpu", "CPU-seconds"), panel("peak", "peak memory, MB"))


if __name__ == "__main__":
    found = measured(Path(sys.argv[1]))
    print(table(found))
    Path(sys.argv[2]).write_text(svg(picture(found)) + "\n", encoding="utf-8")  # type: ignore[arg-type]
