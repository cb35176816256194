"""A typed client of the API, made from the same structs: `Client(url, key).get_worker("w-1")` gives a `WorkerView`.

Every operation of the contract is a method of its `operationId`. Refusals raise :class:`ApiError` with the stable code.
"""

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from skillbridge.errors import SkillBridgeError
from skillbridge.model import Employer, Vacancy
from skillbridge.workspace import views as v

T = TypeVar("T")


class ApiError(SkillBridgeError):
    """The server refused: `status` and stable `code`, `detail` for people, `errors` one a wrong field."""

    def __init__(self, status: int, code: str, detail: str, errors: list[v.Problem]) -> None:
        self.status, self.code, self.detail, self.errors = status, code, detail, errors
        super().__init__(f"{status} {code}: {detail}")


class Client:
    """A connection to one server under one key. Lists give a page; :meth:`all` walks every page."""

    def __init__(
        self, url: str, key: str | None = None, *, timeout: float = 30, transport: httpx.BaseTransport | None = None
    ) -> None:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self.http = httpx.Client(base_url=url, headers=headers, timeout=timeout, transport=transport)

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def all(self, method: str, **query: Any) -> Iterator[Any]:
        """Every item of a paged list, as `client.all("list_workers", origin="WS")`."""
        cursor: str | None = None
        while True:
            page = getattr(self, method)(**query, **({"cursor": cursor} if cursor else {}))
            yield from page.items
            cursor = page.next
            if cursor is None:
                return

    def _send(
        self, method: str, path: str, kind: type[T] | None, *, body: Any = None,
        upload: tuple[str, bytes] | None = None,
        version: int | None = None, key: str | None = None, query: Mapping[str, Any] | None = None,
    ) -> T:  # fmt: skip
        headers: dict[str, str] = {}
        content: bytes | None = None
        if upload is not None:
            headers["content-type"], content = upload
        elif body is not None:
            headers["content-type"], content = "application/json", msgspec.json.encode(body)
        if version is not None:
            headers["if-match"] = f'"{version}"'
        if key is not None:
            headers["idempotency-key"] = key
        params = {name: _text(value) for name, value in (query or {}).items() if value is not None}
        response = self.http.request(method, path, content=content, headers=headers, params=params)
        if response.is_error:
            raise _error(response)
        if kind is None:
            return None  # type: ignore[return-value]
        if kind in (bytes, str):
            return response.content if kind is bytes else response.text  # type: ignore[return-value]
        return msgspec.json.decode(response.content, type=kind)

    def get_health(self) -> v.Health:
        """Whether this server can read and write."""
        return self._send("GET", "/v1/health", v.Health)

    def get_metrics(self) -> bytes:
        """Counts and durations for Prometheus."""
        return self._send("GET", "/v1/metrics", bytes)

    def log_in(self, body: v.Login) -> v.Session:
        """Open a session with name and password."""
        return self._send("POST", "/v1/sessions", v.Session, body=body)

    def redeem_link(self, body: v.Redeem) -> v.Session:
        """Open a session with a one-time link."""
        return self._send("POST", "/v1/sessions/links", v.Session, body=body)

    def log_out(self, *, key: str | None = None) -> None:
        """End this session."""
        self._send("DELETE", "/v1/sessions/current", None, key=key)

    def get_me(self) -> v.Me:
        """Who I am and what I may do."""
        return self._send("GET", "/v1/me", v.Me)

    def list_accounts(self, **query: Any) -> v.Accounts:
        """List accounts."""
        return self._send("GET", "/v1/accounts", v.Accounts, query=query)

    def create_account(self, body: v.NewAccount, *, key: str | None = None) -> v.AccountView:
        """Open an account."""
        return self._send("POST", "/v1/accounts", v.AccountView, body=body, key=key)

    def get_account(self, account_id: str) -> v.AccountView:
        """Read an account."""
        return self._send("GET", _at("/v1/accounts/{account_id}", account_id=account_id), v.AccountView)

    def update_account(
        self, account_id: str, body: v.AccountChange, *, version: int, key: str | None = None
    ) -> v.AccountView:
        """Change or close an account."""
        return self._send(
            "PATCH",
            _at("/v1/accounts/{account_id}", account_id=account_id),
            v.AccountView,
            body=body,
            version=version,
            key=key,
        )

    def list_keys(self) -> v.Keys:
        """List my API keys."""
        return self._send("GET", "/v1/keys", v.Keys)

    def create_key(self, body: v.NewKey) -> v.IssuedKey:
        """Make an API key for my account."""
        return self._send("POST", "/v1/keys", v.IssuedKey, body=body)

    def revoke_key(self, key_id: str, *, key: str | None = None) -> None:
        """End one of my API keys."""
        self._send("DELETE", _at("/v1/keys/{key_id}", key_id=key_id), None, key=key)

    def list_taxonomies(self) -> v.TaxonomyList:
        """List taxonomies."""
        return self._send("GET", "/v1/taxonomies", v.TaxonomyList)

    def search_concepts(self, **query: Any) -> v.ConceptHits:
        """Search labels as they are typed."""
        return self._send("GET", "/v1/concepts", v.ConceptHits, query=query)

    def get_concept(self, **query: Any) -> v.ConceptView:
        """Read a concept with its place in the graph of skills."""
        return self._send("GET", "/v1/concepts/graph", v.ConceptView, query=query)

    def resolve(self, body: v.Resolve) -> v.Resolutions:
        """Understand job titles or skills, many at once."""
        return self._send("POST", "/v1/concepts/resolve", v.Resolutions, body=body)

    def list_workers(self, **query: Any) -> v.Workers:
        """List workers."""
        return self._send("GET", "/v1/workers", v.Workers, query=query)

    def create_worker(self, body: v.NewWorker, *, key: str | None = None) -> v.WorkerView:
        """Enter a worker into a pool."""
        return self._send("POST", "/v1/workers", v.WorkerView, body=body, key=key)

    def get_worker(self, worker_id: str) -> v.WorkerView:
        """Read a worker."""
        return self._send("GET", _at("/v1/workers/{worker_id}", worker_id=worker_id), v.WorkerView)

    def update_worker(
        self, worker_id: str, body: v.WorkerChange, *, version: int, key: str | None = None
    ) -> v.WorkerView:
        """Change a worker."""
        return self._send(
            "PUT",
            _at("/v1/workers/{worker_id}", worker_id=worker_id),
            v.WorkerView,
            body=body,
            version=version,
            key=key,
        )

    def erase_worker(self, worker_id: str, *, key: str | None = None) -> v.Erased:
        """Erase a person: shred the key, keep statistics."""
        return self._send("DELETE", _at("/v1/workers/{worker_id}", worker_id=worker_id), v.Erased, key=key)

    def get_identity(self, worker_id: str) -> v.IdentityView:
        """Read who a worker is; the reading is recorded."""
        return self._send("GET", _at("/v1/workers/{worker_id}/identity", worker_id=worker_id), v.IdentityView)

    def put_identity(self, worker_id: str, body: v.IdentityChange) -> v.IdentityView:
        """Seal who a worker is."""
        return self._send(
            "PUT", _at("/v1/workers/{worker_id}/identity", worker_id=worker_id), v.IdentityView, body=body
        )

    def export_worker(self, worker_id: str) -> v.Holding:
        """Everything held on a person."""
        return self._send("GET", _at("/v1/workers/{worker_id}/export", worker_id=worker_id), v.Holding)

    def create_link(self, worker_id: str) -> v.IssuedLink:
        """Make a one-time link for a worker."""
        return self._send("POST", _at("/v1/workers/{worker_id}/links", worker_id=worker_id), v.IssuedLink)

    def list_consents(self, worker_id: str) -> v.Consents:
        """List a worker's consents."""
        return self._send("GET", _at("/v1/workers/{worker_id}/consents", worker_id=worker_id), v.Consents)

    def give_consent(self, worker_id: str, body: v.NewConsent, *, key: str | None = None) -> v.ConsentView:
        """Let a party know who the worker is."""
        return self._send(
            "POST", _at("/v1/workers/{worker_id}/consents", worker_id=worker_id), v.ConsentView, body=body, key=key
        )

    def withdraw_consent(self, worker_id: str, consent_id: str, *, key: str | None = None) -> v.ConsentView:
        """Take a consent back."""
        return self._send(
            "DELETE",
            _at("/v1/workers/{worker_id}/consents/{consent_id}", worker_id=worker_id, consent_id=consent_id),
            v.ConsentView,
            key=key,
        )

    def appeal(self, worker_id: str, body: v.NewAppeal) -> v.AppealView:
        """Object to a decision."""
        return self._send("POST", _at("/v1/workers/{worker_id}/appeals", worker_id=worker_id), v.AppealView, body=body)

    def list_appeals(self, **query: Any) -> v.Appeals:
        """List appeals."""
        return self._send("GET", "/v1/appeals", v.Appeals, query=query)

    def decide_appeal(self, appeal_id: str, body: v.Decision) -> v.AppealView:
        """Answer an appeal; upholding re-opens the case."""
        return self._send("POST", _at("/v1/appeals/{appeal_id}/decision", appeal_id=appeal_id), v.AppealView, body=body)

    def list_employers(self, **query: Any) -> v.Employers:
        """List employers."""
        return self._send("GET", "/v1/employers", v.Employers, query=query)

    def create_employer(self, body: Employer, *, key: str | None = None) -> v.EmployerView:
        """Enter an employer."""
        return self._send("POST", "/v1/employers", v.EmployerView, body=body, key=key)

    def get_employer(self, employer_id: str) -> v.EmployerView:
        """Read an employer."""
        return self._send("GET", _at("/v1/employers/{employer_id}", employer_id=employer_id), v.EmployerView)

    def update_employer(
        self, employer_id: str, body: Employer, *, version: int, key: str | None = None
    ) -> v.EmployerView:
        """Change or suspend an employer."""
        return self._send(
            "PUT",
            _at("/v1/employers/{employer_id}", employer_id=employer_id),
            v.EmployerView,
            body=body,
            version=version,
            key=key,
        )

    def list_vacancies(self, **query: Any) -> v.Vacancies:
        """List vacancies."""
        return self._send("GET", "/v1/vacancies", v.Vacancies, query=query)

    def create_vacancy(self, body: Vacancy, *, key: str | None = None) -> v.VacancyView:
        """Post a vacancy."""
        return self._send("POST", "/v1/vacancies", v.VacancyView, body=body, key=key)

    def get_vacancy(self, vacancy_id: str) -> v.VacancyView:
        """Read a vacancy."""
        return self._send("GET", _at("/v1/vacancies/{vacancy_id}", vacancy_id=vacancy_id), v.VacancyView)

    def update_vacancy(
        self, vacancy_id: str, body: v.VacancyChange, *, version: int, key: str | None = None
    ) -> v.VacancyView:
        """Change, pause or withdraw a vacancy."""
        return self._send(
            "PUT",
            _at("/v1/vacancies/{vacancy_id}", vacancy_id=vacancy_id),
            v.VacancyView,
            body=body,
            version=version,
            key=key,
        )

    def list_partnerships(self, **query: Any) -> v.Partnerships:
        """List versions of partnerships."""
        return self._send("GET", "/v1/partnerships", v.Partnerships, query=query)

    def check_partnership(self, body: v.Draft) -> v.Checked:
        """Say what an agreement's text means and what is wrong with it."""
        return self._send("POST", "/v1/partnerships/check", v.Checked, body=body)

    def get_partnership(self, partnership_id: str) -> v.PartnershipView:
        """Read the partnership in force."""
        return self._send(
            "GET", _at("/v1/partnerships/{partnership_id}", partnership_id=partnership_id), v.PartnershipView
        )

    def put_draft(self, partnership_id: str, body: v.Draft, *, key: str | None = None) -> v.PartnershipView:
        """Keep a draft."""
        return self._send(
            "PUT",
            _at("/v1/partnerships/{partnership_id}/draft", partnership_id=partnership_id),
            v.PartnershipView,
            body=body,
            key=key,
        )

    def diff_partnership(self, partnership_id: str, **query: Any) -> v.Difference:
        """Compare two versions."""
        return self._send(
            "GET",
            _at("/v1/partnerships/{partnership_id}/diff", partnership_id=partnership_id),
            v.Difference,
            query=query,
        )

    def publish_partnership(self, partnership_id: str, *, version: int, key: str | None = None) -> v.PartnershipView:
        """Publish the draft; never by its author."""
        return self._send(
            "POST",
            _at("/v1/partnerships/{partnership_id}/publication", partnership_id=partnership_id),
            v.PartnershipView,
            version=version,
            key=key,
        )

    def get_sharing(self, partnership_id: str) -> v.SharingView:
        """Read who sees what."""
        return self._send(
            "GET", _at("/v1/partnerships/{partnership_id}/sharing", partnership_id=partnership_id), v.SharingView
        )

    def put_sharing(self, partnership_id: str, body: v.Sharing, *, key: str | None = None) -> v.SharingView:
        """Say who sees what."""
        return self._send(
            "PUT",
            _at("/v1/partnerships/{partnership_id}/sharing", partnership_id=partnership_id),
            v.SharingView,
            body=body,
            key=key,
        )

    def match_workers(self, vacancy_id: str, **query: Any) -> v.Matches:
        """Rank workers for a vacancy."""
        return self._send(
            "GET", _at("/v1/vacancies/{vacancy_id}/matches", vacancy_id=vacancy_id), v.Matches, query=query
        )

    def match_vacancies(self, worker_id: str, **query: Any) -> v.Matches:
        """Rank vacancies for a worker."""
        return self._send("GET", _at("/v1/workers/{worker_id}/matches", worker_id=worker_id), v.Matches, query=query)

    def list_plans(self, **query: Any) -> v.Plans:
        """List plans."""
        return self._send("GET", "/v1/plans", v.Plans, query=query)

    def start_plan(self, body: v.PlanRequest, *, key: str | None = None) -> v.PlanView:
        """Queue a plan."""
        return self._send("POST", "/v1/plans", v.PlanView, body=body, key=key)

    def get_plan(self, plan_id: str) -> v.PlanView:
        """Read a plan."""
        return self._send("GET", _at("/v1/plans/{plan_id}", plan_id=plan_id), v.PlanView)

    def stop_plan(self, plan_id: str, *, key: str | None = None) -> v.PlanView:
        """Stop the solver and keep the best so far."""
        return self._send("POST", _at("/v1/plans/{plan_id}/stop", plan_id=plan_id), v.PlanView, key=key)

    def review_placement(self, plan_id: str, placement_id: str, *, key: str | None = None) -> v.PlacementView:
        """Look at one placement of a proposal."""
        return self._send(
            "POST",
            _at("/v1/plans/{plan_id}/placements/{placement_id}/review", plan_id=plan_id, placement_id=placement_id),
            v.PlacementView,
            key=key,
        )

    def override(self, plan_id: str, body: v.Override, *, key: str | None = None) -> v.PlacementView:
        """Decide one placement otherwise, with a reason."""
        return self._send(
            "POST", _at("/v1/plans/{plan_id}/overrides", plan_id=plan_id), v.PlacementView, body=body, key=key
        )

    def approve_plan(self, plan_id: str, body: v.Approval, *, version: int, key: str | None = None) -> v.PlanView:
        """Approve what is still proposed."""
        return self._send(
            "POST",
            _at("/v1/plans/{plan_id}/approval", plan_id=plan_id),
            v.PlanView,
            body=body,
            version=version,
            key=key,
        )

    def reject_plan(self, plan_id: str, body: v.Rejection, *, version: int, key: str | None = None) -> v.PlanView:
        """Reject what is still proposed."""
        return self._send(
            "POST",
            _at("/v1/plans/{plan_id}/rejection", plan_id=plan_id),
            v.PlanView,
            body=body,
            version=version,
            key=key,
        )

    def explain(self, plan_id: str, **query: Any) -> v.Explanation:
        """Why a worker was placed or not, or a vacancy filled or not."""
        return self._send("GET", _at("/v1/plans/{plan_id}/explanation", plan_id=plan_id), v.Explanation, query=query)

    def list_outcomes(self, worker_id: str, **query: Any) -> v.Outcomes:
        """What approved plans brought a worker, and why not a place."""
        return self._send("GET", _at("/v1/workers/{worker_id}/outcomes", worker_id=worker_id), v.Outcomes, query=query)

    def insertion(self, plan_id: str, **query: Any) -> v.Insertion:
        """Where one worker or one vacancy could still go beside a plan."""
        return self._send("GET", _at("/v1/plans/{plan_id}/insertion", plan_id=plan_id), v.Insertion, query=query)

    def get_report(self, plan_id: str, **query: Any) -> bytes:
        """The report of a plan for an officer, a minister or the public, for a browser."""
        return self._send("GET", _at("/v1/plans/{plan_id}/report", plan_id=plan_id), bytes, query=query)

    def list_placements(self, **query: Any) -> v.Placements:
        """List placements."""
        return self._send("GET", "/v1/placements", v.Placements, query=query)

    def get_placement(self, placement_id: str) -> v.PlacementView:
        """Read a placement."""
        return self._send("GET", _at("/v1/placements/{placement_id}", placement_id=placement_id), v.PlacementView)

    def list_events(self, placement_id: str) -> v.Events:
        """Read a placement's journey."""
        return self._send("GET", _at("/v1/placements/{placement_id}/events", placement_id=placement_id), v.Events)

    def move_placement(
        self, placement_id: str, body: v.JourneyEvent, *, version: int, key: str | None = None
    ) -> v.PlacementView:
        """Move a placement one step along its journey."""
        return self._send(
            "POST",
            _at("/v1/placements/{placement_id}/events", placement_id=placement_id),
            v.PlacementView,
            body=body,
            version=version,
            key=key,
        )

    def get_certificate(self, placement_id: str) -> v.Certificate:
        """Certify a worked season, for the worker."""
        at = _at("/v1/placements/{placement_id}/certificate", placement_id=placement_id)
        return self._send("GET", at, v.Certificate)

    def list_seasons(self, worker_id: str) -> v.WorkerSeasons:
        """Read a worker's seasons with their skills."""
        return self._send("GET", _at("/v1/workers/{worker_id}/seasons", worker_id=worker_id), v.WorkerSeasons)

    def match_home_vacancies(self, worker_id: str, **query: Any) -> v.Matches:
        """Rank vacancies at home for a worker who is back."""
        at = _at("/v1/workers/{worker_id}/home-vacancies", worker_id=worker_id)
        return self._send("GET", at, v.Matches, query=query)

    def get_indicators(self, **query: Any) -> v.Indicators:
        """Read a plan's indicators, small counts hidden."""
        return self._send("GET", "/v1/indicators", v.Indicators, query=query)

    def get_journey_indicators(self, **query: Any) -> v.Indicators:
        """Read what became of placements up to the end of a quarter, small counts hidden."""
        return self._send("GET", "/v1/indicators/journeys", v.Indicators, query=query)

    def list_scenarios(self, **query: Any) -> v.Scenarios:
        """List scenarios."""
        return self._send("GET", "/v1/scenarios", v.Scenarios, query=query)

    def start_scenario(self, body: v.ScenarioRequest, *, key: str | None = None) -> v.ScenarioView:
        """Queue a what-if of a plan."""
        return self._send("POST", "/v1/scenarios", v.ScenarioView, body=body, key=key)

    def get_scenario(self, scenario_id: str) -> v.ScenarioView:
        """Read a scenario."""
        return self._send("GET", _at("/v1/scenarios/{scenario_id}", scenario_id=scenario_id), v.ScenarioView)

    def compare_scenarios(self, **query: Any) -> v.Comparison:
        """Compare scenarios side by side."""
        return self._send("GET", "/v1/comparisons", v.Comparison, query=query)

    def list_jobs(self, **query: Any) -> v.Jobs:
        """List jobs."""
        return self._send("GET", "/v1/jobs", v.Jobs, query=query)

    def get_job(self, job_id: str, **query: Any) -> v.JobView:
        """Read a job."""
        return self._send("GET", _at("/v1/jobs/{job_id}", job_id=job_id), v.JobView, query=query)

    def cancel_job(self, job_id: str, *, key: str | None = None) -> v.JobView:
        """Cancel a job."""
        return self._send("DELETE", _at("/v1/jobs/{job_id}", job_id=job_id), v.JobView, key=key)

    def follow_job(self, job_id: str) -> bytes:
        """Follow a job: one server-sent event a change, until it ends."""
        return self._send("GET", _at("/v1/jobs/{job_id}/events", job_id=job_id), bytes)

    def import_workers(
        self, content: bytes, content_type: str = "application/x-ndjson", *, key: str | None = None, **query: Any
    ) -> v.JobView:
        """Import workers in bulk."""
        return self._send(
            "POST", "/v1/imports/workers", v.JobView, upload=(content_type, content), key=key, query=query
        )

    def import_vacancies(
        self, content: bytes, content_type: str = "application/x-ndjson", *, key: str | None = None, **query: Any
    ) -> v.JobView:
        """Import vacancies in bulk."""
        return self._send(
            "POST", "/v1/imports/vacancies", v.JobView, upload=(content_type, content), key=key, query=query
        )

    def export_workers(self, **query: Any) -> bytes:
        """Export workers in bulk."""
        return self._send("GET", "/v1/exports/workers", bytes, query=query)

    def export_vacancies(self, **query: Any) -> bytes:
        """Export vacancies in bulk."""
        return self._send("GET", "/v1/exports/vacancies", bytes, query=query)

    def list_webhooks(self) -> v.Webhooks:
        """List webhooks."""
        return self._send("GET", "/v1/webhooks", v.Webhooks)

    def create_webhook(self, body: v.NewWebhook) -> v.WebhookView:
        """Register a webhook."""
        return self._send("POST", "/v1/webhooks", v.WebhookView, body=body)

    def delete_webhook(self, webhook_id: str, *, key: str | None = None) -> None:
        """Remove a webhook."""
        self._send("DELETE", _at("/v1/webhooks/{webhook_id}", webhook_id=webhook_id), None, key=key)

    def list_deliveries(self, webhook_id: str, **query: Any) -> v.Deliveries:
        """List a webhook's deliveries."""
        return self._send(
            "GET", _at("/v1/webhooks/{webhook_id}/deliveries", webhook_id=webhook_id), v.Deliveries, query=query
        )

    def replay_delivery(self, webhook_id: str, delivery_id: str, *, key: str | None = None) -> v.DeliveryView:
        """Send a delivery again."""
        return self._send(
            "POST",
            _at(
                "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay",
                webhook_id=webhook_id,
                delivery_id=delivery_id,
            ),
            v.DeliveryView,
            key=key,
        )

    def list_audit(self, **query: Any) -> v.AuditLines:
        """Read the record, newest first."""
        return self._send("GET", "/v1/audit", v.AuditLines, query=query)

    def verify_audit(self, **query: Any) -> v.Verified:
        """Recompute the chain."""
        return self._send("GET", "/v1/audit/verification", v.Verified, query=query)

    def list_datasets(self) -> v.Datasets:
        """List datasets."""
        return self._send("GET", "/v1/datasets", v.Datasets)

    def put_dataset(self, dataset_id: str, body: v.Dataset, *, key: str | None = None) -> v.Dataset:
        """Declare a dataset's purpose, legal basis and retention."""
        return self._send("PUT", _at("/v1/datasets/{dataset_id}", dataset_id=dataset_id), v.Dataset, body=body, key=key)

    def get_dpia(self) -> v.FactSheet:
        """Facts for a data-protection impact assessment."""
        return self._send("GET", "/v1/facts/dpia", v.FactSheet)

    def get_ai_act(self) -> v.FactSheet:
        """Facts for the AI Act's technical documentation."""
        return self._send("GET", "/v1/facts/ai-act", v.FactSheet)


def _error(response: httpx.Response) -> ApiError:
    try:
        found = msgspec.json.decode(response.content)
        errors = msgspec.convert(found.get("errors", []), list[v.Problem])
        return ApiError(response.status_code, found["code"], found["detail"], errors)
    except (msgspec.MsgspecError, KeyError, AttributeError):
        return ApiError(response.status_code, "unknown", "the answer is not problem+json", [])


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _at(path: str, **ids: str) -> str:
    return path.format(**{name: quote(value, safe="") for name, value in ids.items()})
