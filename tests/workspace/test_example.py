"""The example workspace: everyone can enter, people and jobs are called synthetic, and its plan is made."""

from pathlib import Path

import pytest

from skillbridge import access
from skillbridge.errors import BadInput
from skillbridge.jobs import Runner
from skillbridge.plan_folder import read_plan
from skillbridge.settings import Settings
from skillbridge.workspace import Workspace, accounts, example, planning, read
from skillbridge.workspace.views import Login, PlanBody


def test_everyone_enters_the_example_and_its_plan_is_made(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "ws", Settings())
    entrances = example.fill(ws)
    assert [one.role for one in entrances] == [role for role in access.ROLES if role != "worker"]
    for one in entrances:
        assert accounts.log_in(ws, Login(one.name, one.password)).token
    assert not any(one.password in str(path.read_bytes()) for path in ws.folder.glob("*.sqlite3*") for one in entrances)
    assert Runner(ws).step()
    record = ws.store.records.page("plan")[0]
    assert read(record, PlanBody).status == "proposal"
    plan = read_plan(planning.folder_of(ws, record.id))
    assert plan.manifest.synthetic == ("dataset default",)
    assert len(ws.store.records.page("placement", limit=2000)) > example.WORKERS // 3
    with pytest.raises(BadInput, match="has accounts already"):
        example.fill(ws)
