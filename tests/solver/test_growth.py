"""The table and the picture of how placement grows say what was measured."""

import json
from pathlib import Path

from benchmarks.growth import measured, picture, table
from skillbridge.charts import svg


def test_the_table_has_a_row_for_each_line_and_names_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    line = {"workers": 1000, "seed": 7, "degree": 20, "cpu": 2.5, "peak_mb": 274}
    lines = [
        line | {"seconds": 0},
        line | {"seconds": 5.0, "gap_percent": 0.5},
        line | {"seconds": 60.0, "gap_percent": 0.05},
    ]
    path.write_text("\n".join(json.dumps(one) for one in lines) + "\n")
    found = measured(path)
    assert table(found).splitlines()[2:] == [
        "| 1,000 | 20 | 7 | fast | 0.500 | 2.5 | 274 |",
        "| 1,000 | 20 | 7 | plain flow |  | 2.5 | 274 |",
        "| 1,000 | 20 | 7 | tight | 0.050 | 2.5 | 274 |",
    ]
    assert svg(picture(found)).startswith("<svg")  # type: ignore[arg-type]
