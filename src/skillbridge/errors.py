"""What can go wrong, in one tree.

::

    SkillBridgeError
    ├── BadInput          the caller gave something that cannot be used (exit 2, HTTP 4xx)
    │   └── BadInputs     several of them at once, each with its place
    ├── Refused           the caller may not, or not now; `code` says why (exit 2, HTTP 4xx)
    ├── Infeasible        nothing satisfies the hard rules; carries the reasons (exit 3)
    └── Corrupt           something stored does not match its checksum or its chain (exit 2, HTTP 500)

A message says where, what was found and what was expected: `where: what; expected ...`.
"""

from collections.abc import Iterable


class SkillBridgeError(Exception):
    """The root of every error raised on purpose."""

    code = "error"


class BadInput(SkillBridgeError):
    """Input that cannot be used: `where` it was, `what` was found, what was `expected`."""

    code = "bad_input"

    def __init__(self, where: str, what: str, expected: str = "") -> None:
        self.where, self.what, self.expected = where, what, expected
        super().__init__(where, what, expected)

    def __str__(self) -> str:
        tail = f"; expected {self.expected}" if self.expected else ""
        return f"{self.where}: {self.what}{tail}"


class BadInputs(BadInput):
    """Every problem found in one input, in the order found (at least one)."""

    def __init__(self, problems: Iterable[BadInput]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        super().__init__(first.where, first.what, first.expected)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class Refused(SkillBridgeError):
    """A request that is understood and not carried out: `code` is stable and documented, `what` is for people."""

    def __init__(self, code: str, what: str) -> None:
        self.code, self.what = code, what
        super().__init__(code, what)

    def __str__(self) -> str:
        return self.what


class Infeasible(SkillBridgeError):
    """No plan satisfies the hard rules; `reasons` names the clauses in the rules' own words."""

    code = "infeasible"

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("; ".join(self.reasons))


class Corrupt(SkillBridgeError):
    """Stored data that does not match its own checksum, certificate or chain."""

    code = "corrupt"
