"""Load on loopback: clients on a real server against a bare Litestar handler that returns the same bytes, in one run.

`python -m benchmarks.load --workers 100000 --vacancies 5000 --clients 64 --seconds 60` prints throughput, the latency
of every operation, and the processor time of the server an operation asked alone; `--solve` keeps a plan running
meanwhile.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import polars as pl

from skillbridge import synth
from skillbridge.access import SYSTEM, authenticate, issue
from skillbridge.model import Employer
from skillbridge.partnerships.partnership import dump, load
from skillbridge.understanding import understand
from skillbridge.workspace import Workspace, accounts, agreements, demand, frames, record, write
from skillbridge.workspace.catalog import taxonomy
from skillbridge.workspace.views import Dataset, Draft, NewAccount, VacancyBody, WorkerBody

SCHEMES = ("nz-rse", "au-palm-short", "gb-seasonal")
BARE = """
import json, pathlib
from litestar import Litestar, Response, route

def handler(name, spec):
    body = spec["body"].encode()
    @route(spec["path"], http_method=[spec["method"]], name=name, status_code=200)
    async def bare() -> Response[bytes]:
        return Response(body, media_type="application/json", status_code=200)
    return bare

told = json.loads(pathlib.Path("bodies.json").read_text())
app = Litestar([handler(name, spec) for name, spec in told.items()], openapi_config=None)
"""


def fill(folder: Path, workers: int, vacancies: int) -> dict[str, Any]:
    """A workspace of synthetic people and demand under published partnerships; gives a key and what to ask for."""
    ws = Workspace(folder)
    record.put_dataset(
        ws, SYSTEM, "default", Dataset("default", "load test", "synthetic", "nobody", 2190, synthetic=True)
    )
    admin = accounts.create_account(ws, SYSTEM, NewAccount("load", "ministry_admin"))
    other = accounts.create_account(ws, SYSTEM, NewAccount("second", "ministry_officer"))
    keys = [issue(ws.store, one.account_id, "key", ws.seconds(), seconds=86_400 * 30)[1] for one in (admin, other)]
    first, second = (authenticate(ws.store, key, ws.seconds()) for key in keys)
    for name in SCHEMES:
        agreements.put_draft(ws, first, name, Draft(dump(load(name))))
        agreements.publish(ws, second, name, version=None)
    invented = synth.vacancies(vacancies, 1, SCHEMES)
    jobs = understand(invented, taxonomy())
    people = understand(pl.concat(synth.workers(workers, 1, SCHEMES, vacancies=invented)), taxonomy())
    for employer_id in jobs["employer_id"].unique().sort():
        demand.create_employer(ws, SYSTEM, Employer(employer_id, "Synthetic employer"))
    with ws.store.write():
        ws.store.records.create_many(
            "vacancy",
            (
                (row["vacancy_id"], write(VacancyBody(frames.vacancy_of(row))), row["employer_id"])
                for row in jobs.iter_rows(named=True)
            ),
            ws.now(),
        )
    with ws.store.write():
        ws.store.records.create_many(
            "worker",
            (
                (row["worker_id"], write(WorkerBody(frames.worker_of(row))), f"unit-{row['origin'].lower()}")
                for row in people.iter_rows(named=True)
            ),
            ws.now(),
        )
    ws.store.close()
    titles = people["occupation"].drop_nulls().sample(5_000, with_replacement=True, seed=1)  # as often as people say so
    return {
        "key": keys[0],
        "workers": people["worker_id"].to_list(),
        "vacancies": jobs["vacancy_id"].to_list(),
        "titles": titles.to_list(),
        "employers": jobs["employer_id"].unique().sort().to_list(),
    }


def requests_of(told: dict[str, Any]) -> list[dict[str, Any]]:
    """The mix: 70 % reads of rows and lists, 8 % search, 1.5 % rankings, 10 % resolves, 10 % writes."""
    titles = [json.dumps(title)[1:-1] for title in told["titles"]]
    begun = sorted({title[:n].strip() for title in told["titles"] for n in (3, 5) if title[:n].strip().isascii()})
    typed = [text.replace(" ", "%20") for text in begun if all(c.isalnum() or c == " " for c in text)]
    half = len(told["workers"]) // 2
    return [
        {"name": "get_worker", "weight": 28, "method": "GET", "path": "/v1/workers/<id>",
         "values": {"id": told["workers"]}},
        {"name": "get_vacancy", "weight": 20, "method": "GET", "path": "/v1/vacancies/<id>",
         "values": {"id": told["vacancies"]}},
        {"name": "list_workers", "weight": 5, "method": "GET", "path": "/v1/workers?origin=<origin>&limit=20",
         "values": {"origin": ["WS", "TO", "VU", "FJ", "KG"]}},
        {"name": "list_vacancies", "weight": 5, "method": "GET",
         "path": "/v1/vacancies?destination=NZ&isco=<isco>&limit=20", "values": {"isco": ["9", "92", "9211", "61"]}},
        {"name": "get_me", "weight": 4, "method": "GET", "path": "/v1/me"},
        {"name": "list_plans", "weight": 3, "method": "GET", "path": "/v1/plans"},
        {"name": "get_partnership", "weight": 3, "method": "GET", "path": "/v1/partnerships/nz-rse"},
        {"name": "search_concepts", "weight": 8, "method": "GET", "path": "/v1/concepts?q=<q>", "values": {"q": typed}},
        {"name": "match_vacancies", "weight": 1, "method": "GET", "path": "/v1/workers/<id>/matches",
         "values": {"id": told["workers"]}},
        {"name": "match_workers", "weight": 0.5, "method": "GET", "path": "/v1/vacancies/<id>/matches",
         "values": {"id": told["vacancies"]}},
        {"name": "resolve", "weight": 10, "method": "POST", "path": "/v1/concepts/resolve",
         "body": '{"texts": ["<one>", "<two>"]}', "values": {"one": titles, "two": titles}},
        {"name": "update_worker", "weight": 4, "method": "PUT", "path": "/v1/workers/<id>", "versioned": True,
         "body": '{"profile": {"worker_id": "<id>", "origin": "WS", "isco": "9211", "experience_months": 6}}',
         "values": {"id": told["workers"][half:]}},
        {"name": "create_worker", "weight": 3, "method": "POST", "path": "/v1/workers",
         "body": '{"party": "unit-ws", "profile": {"worker_id": "new-<unique>", "origin": "WS", "isco": "9211"}}'},
        {"name": "create_vacancy", "weight": 3, "method": "POST", "path": "/v1/vacancies",
         "body": '{"vacancy_id": "new-<unique>", "employer_id": "<employer>", "destination": "NZ", "positions": 3, '
         '"isco": "9211", "start": "2026-11-01", "end": "2027-03-31"}', "values": {"employer": told["employers"]}},
    ]  # fmt: skip


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_up(port: int, seconds: float = 60) -> float:
    """Seconds until the server answers."""
    begun = time.perf_counter()
    while time.perf_counter() < begun + seconds:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/health", timeout=1):
                return time.perf_counter() - begun
        except urllib.error.HTTPError as error:
            if error.code < 500:
                return time.perf_counter() - begun
        except OSError:
            pass
        time.sleep(0.01)
    raise AssertionError("the server did not start")


def client(plan: dict[str, Any]) -> dict[str, Any]:
    """What the load process saw."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load_client"],
        input=json.dumps(plan).encode(),
        capture_output=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def tree(root: int) -> list[int]:
    """A process and all below it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [root]
    for pid in found:
        found += parents.get(pid, [])
    return found


def processor_seconds(root: int) -> float:
    """Seconds of processor time that a process and all below it have used, to the microsecond."""
    total = 0
    for pid in tree(root):
        for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            try:
                total += int(task.read_text().split()[0])
            except OSError:
                continue
    return total / 1e9


def start(folder: Path, port: int, processes: int, jobs: int = 0) -> "subprocess.Popen[bytes]":
    """Our server."""
    command = [sys.executable, "-m", "skillbridge", "serve", "--workspace", str(folder), "--port", str(port)]
    command += ["--jobs", str(jobs)] + (["--processes", str(processes)] if processes > 1 else [])
    environment = os.environ | {"SKILLBRIDGE_REQUESTS_PER_MINUTE": "100000000"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)


def start_bare(folder: Path, port: int, processes: int) -> "subprocess.Popen[bytes]":
    """The peer: Litestar on the same server with as many processes."""
    (folder / "bare_app.py").write_text(BARE)
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--port", str(port), "--no-ws"]
    command += ["--workers", str(processes), "--backlog", "1024", "bare_app:app"]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def stop(process: "subprocess.Popen[bytes]") -> float:
    """Seconds that a graceful stop took."""
    begun = time.perf_counter()
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=15)
    return time.perf_counter() - begun


def percentile(times: list[float], share: float) -> float:
    """Milliseconds."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else 0.0


def measured(port: int, told: dict[str, Any], requests: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """One run of the clients."""
    return client({"port": port, "key": told["key"], "requests": requests} | more)


def alone(server: int, port: int, told: dict[str, Any], requests: list[dict[str, Any]], count: int) -> dict[str, float]:
    """Milliseconds of the server's processor time for each operation, asked by one client, one after another."""
    found = {}
    for number, request in enumerate(requests):
        before = processor_seconds(server)
        one = measured(port, told, [request], clients=1, seconds=20, requests_at_most=count, seed=900 + number)
        answers = len(one["times"][request["name"]])
        found[request["name"]] = (processor_seconds(server) - before) * 1000 / max(answers, 1)
    return found


def summary(result: dict[str, Any]) -> dict[str, Any]:
    """Throughput, latency and faults of a run."""
    every = [seconds for times in result["times"].values() for seconds in times]
    return {
        "requests": len(every),
        "per_second": len(every) / result["seconds"],
        "p50_ms": percentile(every, 0.5),
        "p99_ms": percentile(every, 0.99),
        "lost": result["lost"],
        "errors_5xx": sum(n for line, n in result["statuses"].items() if line.split()[1] >= "500"),
        "client_cpu": result["cpu"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=100_000)
    parser.add_argument("--vacancies", type=int, default=5_000)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--alone", type=int, default=0, help="requests of each operation to ask one by one")
    parser.add_argument("--only", default="", help="names of operations, by comma")
    parser.add_argument("--solve", action="store_true", help="keep a plan running meanwhile")
    parser.add_argument("--keep", type=Path, default=None, help="folder to keep the filled workspace in")
    given = parser.parse_args()
    base = given.keep or Path(tempfile.mkdtemp())
    base.mkdir(parents=True, exist_ok=True)
    note = base / "told.json"
    if not note.is_file():
        note.write_text(json.dumps(fill(base / "ws", given.workers, given.vacancies)))
    told = json.loads(note.read_text())
    requests = requests_of(told)
    if given.only:
        requests = [request for request in requests if request["name"] in given.only.split(",")]
    seed = int(time.time())
    port, bare_port = free_port(), free_port()
    server = start(base / "ws", port, given.processes, jobs=1 if given.solve else 0)
    try:
        print(f"load average {os.getloadavg()[0]:.1f}; up after {wait_up(port):.2f} s")
        for request in requests:  # rankings of a large pool are not ready at once
            measured(port, told, [request], clients=1, seconds=120, requests_at_most=2, seed=seed)
        warm = measured(port, told, requests, clients=4, seconds=10, seed=seed)
        if given.solve:
            body = {"partnerships": list(SCHEMES), "purpose": "load", "time_limit": 600}
            call = urllib.request.Request(
                f"http://127.0.0.1:{port}/v1/plans", json.dumps(body).encode(),
                {"authorization": f"Bearer {told['key']}", "content-type": "application/json"},
            )  # fmt: skip
            urllib.request.urlopen(call).close()
        before = processor_seconds(server.pid)
        ours = measured(port, told, requests, clients=given.clients, seconds=given.seconds, seed=seed + 1)
        spent = processor_seconds(server.pid) - before
        cpu = alone(server.pid, port, told, requests, given.alone) if given.alone else {}
    finally:
        print(f"stopped in {stop(server):.2f} s")
    bodies = {
        request["name"]: {
            "method": request["method"],
            "path": request["path"].partition("?")[0].replace("<id>", "{id:str}"),
            "body": (ours["bodies"] | warm["bodies"]).get(request["name"], "{}"),
        }
        for request in requests
    }
    (base / "bodies.json").write_text(json.dumps(bodies))
    bare = start_bare(base, bare_port, given.processes)
    try:
        wait_up(bare_port)
        measured(bare_port, told, requests, clients=4, seconds=2)
        before = processor_seconds(bare.pid)
        theirs = measured(bare_port, told, requests, clients=given.clients, seconds=given.seconds, seed=seed)
        spent_bare = processor_seconds(bare.pid) - before
    finally:
        stop(bare)
    mine, peer = summary(ours), summary(theirs)
    mine["server_cpu_ms"] = spent / mine["requests"] * 1000
    peer["server_cpu_ms"] = spent_bare / peer["requests"] * 1000
    for name, times in ours["times"].items():
        print(
            f"{name:16s} {len(times):7d}  p50 {percentile(times, 0.5):7.1f}  p99 {percentile(times, 0.99):7.1f} ms"
            + (f"  alone {cpu[name]:6.2f} ms cpu" if name in cpu else "")
        )
    print("statuses", ours["statuses"])
    print("faults", {line: body for line, body in ours["bodies"].items() if " " in line})
    for name, one in (("ours", mine), ("bare", peer)):
        print(name, {key: round(value, 3) for key, value in one.items()})
    print(
        f"ratio {mine['per_second'] / peer['per_second']:.2f}, by processor time "
        f"{peer['server_cpu_ms'] / mine['server_cpu_ms']:.2f}; load average {os.getloadavg()[0]:.1f}"
    )

    if mine["lost"] or mine["errors_5xx"]:
        raise SystemExit(f"{mine['lost']} answers were lost, {mine['errors_5xx']} said that the server failed")


if __name__ == "__main__":
    main()
