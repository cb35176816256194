"""Running a workspace: server and worker processes, accounts and keys, backup and restore."""

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skillbridge.errors import BadInput

if TYPE_CHECKING:
    from litestar import Litestar

    from skillbridge.workspace import Workspace

FOLDER = "SKILLBRIDGE_WORKSPACE"

NICE = 10
"""How far jobs stand back: whoever waits for an answer goes first."""

SWITCH = 0.0002
"""Seconds for which a thread of the server may keep the interpreter from one that answers requests."""

PATIENCE = 4.5
"""Seconds in which processes end by themselves once they are asked to."""

workspace_option = click.option(
    "--workspace",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("workspace"),
    envvar=FOLDER,
    show_default=True,
    help="Folder of the workspace; made if it does not exist.",
)


def open_workspace(folder: Path) -> "Workspace":
    """The workspace with the settings of the environment."""
    from skillbridge.settings import from_environment
    from skillbridge.workspace import Workspace

    return Workspace(folder, from_environment())


def application() -> "Litestar":
    """The server's ASGI application, for the workspace that the environment names (one per server process)."""
    from skillbridge.api.app import create_app

    quiet_logs()
    sys.setswitchinterval(SWITCH)
    workspace = open_workspace(Path(os.environ[FOLDER]))
    try:
        from skillbridge.console.pages import console  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return create_app(workspace, beside=True)
    return create_app(workspace, console=console(workspace), beside=True)


def quiet_logs() -> None:
    """Structured logs on stderr, one JSON object a line; they never carry personal data."""
    import structlog

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


@click.command("serve")
@workspace_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port to listen on.")
@click.option("--jobs", type=click.IntRange(0, 64), default=None, help="Worker processes to start (default: 1).")
@click.option("--example", is_flag=True, help="Fill a new workspace with invented people and an account of every role.")
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes that answer requests; each has two more beside it, for rankings and for reading texts.",
)
def serve_command(folder: Path, host: str, port: int, jobs: int | None, example: bool, processes: int) -> None:
    """Serve the API and the console, with worker processes for background jobs."""
    given = dict(os.environ)
    # Requests are many and small: threads inside one of them would only wait for each other. Jobs are few and large.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("POLARS_MAX_THREADS", "2")
    import multiprocessing

    from granian import Granian
    from granian.constants import Interfaces

    # A fork of a process whose libraries have threads waits for threads that it does not have.
    multiprocessing.set_start_method("spawn", force=True)
    workspace = open_workspace(folder)
    if example:
        _fill(workspace)
    _welcome(workspace, host, port)
    os.environ[FOLDER] = str(folder.resolve())
    team = Team(folder, workspace.settings.jobs if jobs is None else jobs, given)
    workspace.store.close()
    team.start()
    server = Granian(
        "skillbridge.cli.serve:application",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        factory=True,
        workers=processes,
        workers_kill_timeout=4,
        respawn_failed_workers=True,
        log_access=False,
        websockets=False,
        backlog=1024,
    )
    server.on_startup(team.end_with_the_server)
    try:
        server.serve()  # type: ignore[attr-defined, unused-ignore]
    finally:
        team.stop()


class Team:
    """The worker processes of a server: started, restarted when they fall, stopped within five seconds."""

    def __init__(self, folder: Path, size: int, environment: dict[str, str]) -> None:
        self._environment = environment
        self._command = [sys.executable, "-m", "skillbridge", "worker", "--workspace", str(folder), "--follow"]
        self._size = size
        self._members: list[subprocess.Popen[bytes]] = []
        self._stopping = threading.Event()
        self._asked = 0.0

    def start(self) -> None:
        """Start the processes and watch them."""
        if self._size:
            self._members = [self._spawn() for _ in range(self._size)]
            threading.Thread(target=self._watch, name="team", daemon=True).start()

    def end_with_the_server(self) -> None:
        """Hear of a stop when the server does, so that all end together and not one after another."""
        for number in (signal.SIGTERM, signal.SIGINT):
            served: Any = signal.getsignal(number)

            def heard(*what: Any, served: Any = served) -> None:
                self._ask()
                served(*what)

            signal.signal(number, heard)

    def _ask(self) -> None:
        if not self._stopping.is_set():
            self._stopping.set()
            self._asked = time.monotonic()
            for member in self._members:
                member.terminate()

    def stop(self) -> None:
        """Ask every process to stop, if none has yet; make sure that they have, PATIENCE seconds after."""
        self._ask()
        for member in self._members:
            try:
                member.wait(timeout=max(0.1, self._asked + PATIENCE - time.monotonic()))
            except subprocess.TimeoutExpired:
                member.kill()

    def _spawn(self) -> "subprocess.Popen[bytes]":
        # The pipe closes when this process ends, however it ends; the worker follows it.
        return subprocess.Popen(self._command, stdin=subprocess.PIPE, env=self._environment)

    def _watch(self) -> None:
        while not self._stopping.wait(1.0):
            for number, member in enumerate(self._members):
                if member.poll() is not None and not self._stopping.is_set():
                    self._members[number] = self._spawn()


def _fill(workspace: "Workspace") -> None:
    """Fill the workspace and say how to enter it."""
    from skillbridge.workspace.example import fill

    click.echo("Filling the workspace with invented people, jobs and agreements ...")
    for one in fill(workspace):
        click.echo(f"  {one.name:<18} password {one.password}  {one.party or ''}".rstrip())
    click.echo("These passwords are shown only now. A first plan is being made.")


def _welcome(workspace: "Workspace", host: str, port: int) -> None:
    """On a new workspace: a first account and a dataset to start from, both to be looked at by the operator."""
    from skillbridge.access import SYSTEM
    from skillbridge.workspace import accounts, record
    from skillbridge.workspace.views import Dataset

    if not workspace.store.records.count("dataset"):
        dataset = Dataset(
            "default",
            "placement in work abroad (to be stated by the controller)",
            "GDPR 6(1)(e), public task (to be confirmed by the controller)",
            "to be named",
            2190,
        )
        record.put_dataset(workspace, SYSTEM, "default", dataset)
    if not workspace.store.records.count("account"):
        password = secrets.token_urlsafe(12)
        accounts.first_admin(workspace, "admin", password)
        click.echo(f"First account: admin, password {password} (shown only now; change it).")
    click.echo(
        f"SkillBridge serves {workspace.folder} on http://{host}:{port} (API documentation: /docs). Stop with Ctrl-C."
    )


@click.command("worker")
@workspace_option
@click.option("--follow", is_flag=True, help="Stop when standard input closes (used by serve).")
def worker_command(folder: Path, follow: bool) -> None:
    """Run queued jobs of a workspace until stopped."""
    from skillbridge.jobs import Runner

    quiet_logs()
    os.nice(NICE)
    runner = Runner(open_workspace(folder))

    def stop(*_: Any) -> None:
        runner.stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if follow:

        def wait_for_the_end() -> None:
            while sys.stdin.buffer.read(1):
                pass
            runner.stopping.set()

        threading.Thread(target=wait_for_the_end, name="follow", daemon=True).start()
    runner.run()
    # Threads that wait on standard input or an engine's pool must not hold the process.
    sys.stderr.flush()
    os._exit(0)


@click.group("user")
def user_command() -> None:
    """Manage accounts."""


@user_command.command("add")
@workspace_option
@click.argument("name")
@click.option("--role", required=True, help="What the account may do, as ministry_officer.")
@click.option("--party", default=None, help="Its party; needed for sending units, employers and recruiters.")
@click.option(
    "--password", default=None, help="At least 12 characters; asked for if left out. '-' for none (keys only)."
)
def user_add(folder: Path, name: str, role: str, party: str | None, password: str | None) -> None:
    """Open an account."""
    from skillbridge.access import ROLES
    from skillbridge.workspace import accounts

    if role not in ROLES:
        raise BadInput("--role", repr(role), ", ".join(one for one in ROLES if one != "worker"))
    if password is None:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    if password != "-" and len(password) < 12:
        raise BadInput("--password", f"{len(password)} characters", "at least 12")
    view = accounts.first_admin(open_workspace(folder), name, None if password == "-" else password, role, party)
    click.echo(f"{view.account_id} {view.name} ({view.role})")


@user_command.command("list")
@workspace_option
def user_list(folder: Path) -> None:
    """List accounts."""
    from skillbridge.access import SYSTEM
    from skillbridge.workspace import PageQuery, accounts

    query: PageQuery | None = PageQuery(limit=200)
    workspace = open_workspace(folder)
    while query is not None:
        page = accounts.list_accounts(workspace, SYSTEM, query)
        for one in page.items:
            state = "" if one.active else " (closed)"
            click.echo(f"{one.account_id}\t{one.name}\t{one.role}\t{one.party or '-'}{state}")
        query = PageQuery(page.next, 200) if page.next else None


@click.group("key")
def key_command() -> None:
    """Manage API keys."""


@key_command.command("add")
@workspace_option
@click.argument("name")
@click.option("--label", default="made on the command line", show_default=True, help="What the key is for.")
@click.option("--days", type=click.IntRange(1, 365), default=90, show_default=True, help="Days until it expires.")
def key_add(folder: Path, name: str, label: str, days: int) -> None:
    """Make an API key for an account; the secret is printed once."""
    from skillbridge.access import SYSTEM
    from skillbridge.workspace import accounts
    from skillbridge.workspace.views import NewKey

    workspace = open_workspace(folder)
    found = workspace.store.records.page("account", {"name": name}, limit=1)
    if not found:
        raise BadInput("NAME", f"there is no account {name!r}", "an account of this workspace (user list)")
    click.echo(accounts.issue_key(workspace, SYSTEM, found[0].id, NewKey(label, days)).secret)


@click.command("backup")
@workspace_option
@click.argument("target", type=click.Path(path_type=Path))
def backup_command(folder: Path, target: Path) -> None:
    """Copy a workspace to a new folder while it runs. The secret is not part of it: keep secret.key elsewhere."""
    from skillbridge.store.backup import backup

    workspace = open_workspace(existing(folder))
    made = backup(workspace.store, target, workspace.now().isoformat())
    click.echo(f"{len(made.files)} files in {target}")


@click.command("restore")
@workspace_option
@click.argument("source", type=click.Path(path_type=Path, exists=True, file_okay=False), required=False)
@click.option("--verify", is_flag=True, help="Only check the workspace: database, files, audit chain.")
def restore_command(folder: Path, source: Path | None, verify: bool) -> None:
    """Bring a workspace back from a backup, erase again whom it brought back, and verify it."""
    from skillbridge import audit
    from skillbridge.store.backup import restore
    from skillbridge.store.backup import verify as verify_store
    from skillbridge.workspace.people import erase_again

    if not verify:
        if source is None:
            raise BadInput("SOURCE", "missing", "the folder of a backup")
        erased = restore(source, folder)
        again = erase_again(open_workspace(folder), erased)
        click.echo(f"restored {folder}; {again} persons erased again")
    workspace = open_workspace(existing(folder))
    checked = verify_store(workspace.store)
    head = audit.verify(workspace.store)
    click.echo(f"sound: {checked['files']} files, audit chain of {head.seq} lines, head {head.hash}")


def existing(folder: Path) -> Path:
    """The folder, if it holds a workspace; raises `BadInput`."""
    if not (folder / "workspace.sqlite3").is_file():
        raise BadInput(str(folder), "not a workspace", "a folder with workspace.sqlite3")
    return folder
