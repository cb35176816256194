"""The tables of a workspace, as migrations that only go forward: the list grows at its end and changes nowhere else."""


def _records(kind: str, *derived: str, unique: str = "") -> list[str]:
    """One table of records. `derived`: fields of the body to filter on: `name`, `path.to.name`, `name integer`."""
    columns = []
    indexes = []
    for field in derived:
        path, _, sort = field.partition(" ")
        name = path.rpartition(".")[2]
        columns.append(
            f"{name} {(sort or 'text').upper()} GENERATED ALWAYS AS (json_extract(body, '$.{path}')) VIRTUAL"
        )
        indexes.append(f"CREATE {'UNIQUE ' if name == unique else ''}INDEX {kind}_{name} ON {kind}({name})")
    table = f"""CREATE TABLE {kind} (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        party TEXT,
        version INTEGER NOT NULL DEFAULT 1,
        created TEXT NOT NULL,
        updated TEXT NOT NULL,
        body TEXT NOT NULL CHECK (json_valid(body)){"".join(f", {column}" for column in columns)}
    ) STRICT"""
    counters = [
        f"CREATE TRIGGER {kind}_{event.lower()} AFTER {event} ON {kind} "
        f"BEGIN UPDATE revision SET number = number + 1 WHERE kind = '{kind}'; END"
        for event in ("INSERT", "UPDATE", "DELETE")
    ]
    return [
        table,
        f"CREATE INDEX {kind}_party ON {kind}(party)",
        *indexes,
        f"INSERT INTO revision VALUES ('{kind}', 0)",
        *counters,
    ]


_FIRST = [
    "CREATE TABLE revision (kind TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT",
    *_records("account", "role", "name", "active integer", unique="name"),
    *_records("worker", "profile.origin", "profile.isco", "status", "profile.group_id", "dataset"),
    *_records("employer", "destination", "suspended integer"),
    *_records(
        "vacancy",
        "vacancy.employer_id",
        "vacancy.destination",
        "vacancy.isco",
        "status",
        "vacancy.partnership",
        "vacancy.start",
    ),
    *_records("partnership", "partnership_id", "status"),
    *_records("sharing"),
    *_records("plan", "status"),
    *_records("placement", "plan_id", "worker_id", "vacancy_id", "employer_id", "state", "partnership"),
    *_records("scenario", "status"),
    *_records("event", "placement_id", "worker_id"),
    *_records("consent", "worker_id", "receiver", "withdrawn integer"),
    *_records("appeal", "worker_id", "placement_id", "status"),
    *_records("dataset"),
    *_records("webhook", "active integer"),
    *_records("delivery", "webhook_id", "status"),
    # A person's key and sealed fields; deleting the row shreds the key.
    """CREATE TABLE person (
        worker_id TEXT PRIMARY KEY, key BLOB NOT NULL, sealed BLOB NOT NULL, document TEXT UNIQUE
    ) STRICT""",
    """CREATE TABLE credential (
        id TEXT PRIMARY KEY, account_id TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('key', 'session', 'link')),
        digest BLOB NOT NULL UNIQUE, label TEXT NOT NULL, csrf TEXT, created REAL NOT NULL, expires REAL,
        revoked INTEGER NOT NULL DEFAULT 0
    ) STRICT""",
    "CREATE INDEX credential_account ON credential(account_id)",
    """CREATE TABLE failure (
        name TEXT NOT NULL, minute INTEGER NOT NULL, times INTEGER NOT NULL, PRIMARY KEY (name, minute)
    ) STRICT""",
    """CREATE TABLE budget (
        account_id TEXT NOT NULL, day TEXT NOT NULL, rows INTEGER NOT NULL, PRIMARY KEY (account_id, day)
    ) STRICT""",
    """CREATE TABLE idempotency (
        account_id TEXT NOT NULL, key TEXT NOT NULL, fingerprint BLOB NOT NULL, status INTEGER NOT NULL,
        headers TEXT NOT NULL, body BLOB NOT NULL, created REAL NOT NULL, PRIMARY KEY (account_id, key)
    ) STRICT""",
    "CREATE TABLE file (path TEXT PRIMARY KEY, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL) STRICT",
    """CREATE TABLE job (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, party TEXT,
        account_id TEXT NOT NULL, priority INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
        payload TEXT NOT NULL CHECK (json_valid(payload)),
        progress TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(progress)),
        result TEXT CHECK (result IS NULL OR json_valid(result)), error TEXT,
        attempt INTEGER NOT NULL DEFAULT 0, worker TEXT, beat REAL, cancel INTEGER NOT NULL DEFAULT 0,
        not_before REAL NOT NULL DEFAULT 0, created TEXT NOT NULL, started TEXT, finished TEXT
    ) STRICT""",
    "CREATE INDEX job_open ON job(priority DESC, seq) WHERE state IN ('queued', 'running')",
    """CREATE TABLE audit (
        seq INTEGER PRIMARY KEY, at TEXT NOT NULL, account_id TEXT NOT NULL, role TEXT NOT NULL, act TEXT NOT NULL,
        subject TEXT NOT NULL, why TEXT, salt BLOB NOT NULL, why_hash TEXT NOT NULL,
        before TEXT NOT NULL, after TEXT NOT NULL,
        hash TEXT NOT NULL UNIQUE
    ) STRICT""",
    "CREATE INDEX audit_subject ON audit(subject)",
    "CREATE TRIGGER audit_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END",
    # The words of a reason may be blanked (they can be personal); their salted hash stays in the chain.
    """CREATE TRIGGER audit_fixed BEFORE UPDATE ON audit
        WHEN NEW.why IS NOT NULL OR NEW.seq <> OLD.seq OR NEW.hash <> OLD.hash OR NEW.at <> OLD.at
          OR NEW.account_id <> OLD.account_id OR NEW.role <> OLD.role OR NEW.act <> OLD.act
          OR NEW.subject <> OLD.subject OR NEW.salt <> OLD.salt OR NEW.why_hash <> OLD.why_hash
          OR NEW.before <> OLD.before OR NEW.after <> OLD.after
        BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END""",
]

_KINDS = (
    "account", "worker", "employer", "vacancy", "partnership", "sharing", "plan", "placement", "scenario", "event",
    "consent", "appeal", "dataset", "webhook", "delivery",
)  # fmt: skip

_SECOND = [
    # The revision of its kind in which a record last changed: what was read before needs only what came after.
    *(f"ALTER TABLE {kind} ADD COLUMN changed INTEGER NOT NULL DEFAULT 0" for kind in _KINDS),
    *(f"CREATE INDEX {kind}_changed ON {kind}(changed)" for kind in ("worker", "vacancy")),
    # Whoever remembers who a key stands for must notice when keys change.
    "INSERT INTO revision VALUES ('credential', 0)",
    *(
        f"CREATE TRIGGER credential_{event.lower()} AFTER {event} ON credential "
        "BEGIN UPDATE revision SET number = number + 1 WHERE kind = 'credential'; END"
        for event in ("INSERT", "UPDATE", "DELETE")
    ),
]

MIGRATIONS: list[list[str]] = [_FIRST, _SECOND]
"""Statement lists; the workspace's `user_version` is how many of them it has."""
