"""Sends cases that schemathesis draws, and writes what was wrong with the answers.

It runs in an environment of its own, where schemathesis is and this project is not, and knows the
system by its address and its OpenAPI document. On standard input it is given a JSON object:

    address     of the gateway
    seed        what the cases are drawn by
    cases       how many
    actors      role -> {"token", "acting"}; the role "" is nobody
    pool        name of a place or member -> values that exist
    leave       operations ("POST /v1/clock") that are not tried

On standard output it writes one: `cases`, `statuses` (role -> status -> number), `doors` (how many
were tried, and which were answered 2xx), `linked` (how many followed a link), `wrong` (operation, check, what it says, how to repeat it).
"""

import copy
import json
import random
import sys
import time
import warnings
from collections import Counter, defaultdict

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
# What the answer `default` of each operation names; whatever else is answered stands by itself.
ELSE = {"405", "408", "413", "415"}
EVERYBODY = {"*", "PUBLIC", "SELF"}
# Of all cases, how many are of the form that the document asks for.
GOOD = 0.8
# Of the bodies, how many are the document's example: a rule of the domain refuses most others.
EXAMPLE = 0.4
# Nothing is kept between runs, and nothing is made smaller: a case stands as it was sent.
SETTINGS = settings(
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Wrong:
    """What was wrong, once per operation and kind, with one case to repeat."""

    def __init__(self):
        self.found = {}

    def note(self, case, role, check, text, response):
        key = (case.operation.label, check, response.status_code, text[:60])
        known = self.found.setdefault(
            key,
            {
                "operation": case.operation.label,
                "check": check,
                "says": text[:800],
                "role": role,
                "answer": response.content.decode("utf-8", "replace")[:600],
                "repeat": case.as_curl_command({"Authorization": "Bearer …"})[:1500],
                "times": 0,
            },
        )
        known["times"] += 1


class Driver:
    """Draws, sends and judges.

    Args:
        given: What stands on standard input.
    """

    def __init__(self, told):
        self.address = told["address"]
        self.random = random.Random(told["seed"])
        self.seed = told["seed"]
        self.actors = told["actors"]
        self.pool = defaultdict(list, told["pool"])
        self.http = requests.Session()
        self.http.trust_env = False
        document = self.http.get(f"{self.address}/openapi.json", timeout=30).json()
        schema = schemathesis.openapi.from_dict(document)
        found = [one.ok() for one in schema.get_all_operations()]
        self.operations = [one for one in found if one.label not in told["leave"]]
        self.raw = {
            f"{verb.upper()} {path}": one
            for path, verbs in document["paths"].items()
            for verb, one in verbs.items()
        }
        self.by_id = {self.raw[one.label]["operationId"]: one for one in self.operations}
        self.links = document["components"]["links"]
        self.followed = Counter()
        self.wrong = Wrong()
        self.statuses = defaultdict(Counter)
        self.served = set()
        self.cases = 0

    def roles(self, operation):
        """Return who tries an operation: those whom it admits, one other, and nobody."""
        said = self.raw[operation.label]["x-roles"]
        known = [role for role in self.actors if role]
        if EVERYBODY & set(said):
            return [*known, ""]
        let = [role for role in said if role in self.actors]
        others = sorted(set(known) - set(let))
        return [*let, *let, *let, *self.random.sample(others, min(1, len(others))), ""]

    def run(self, count):
        """Send so many cases, the same number to each operation, give or take one."""
        self.random.shuffle(self.operations)
        each, more = divmod(count, len(self.operations))
        # What makes things comes before what needs them, and both twice where there is time.
        rounds = 2 if each > 1 else 1
        for turn in range(rounds):
            for number, operation in enumerate(self.operations):
                share = each // rounds + (each % rounds if turn == 0 else 0)
                share += 1 if turn == 0 and number < more else 0
                if share:
                    self.try_operation(operation, share, turn)

    def try_operation(self, operation, share, turn):
        """Send cases to one operation, drawn from the form it says, or from what breaks it."""
        roles = self.roles(operation)
        mine = random.Random(f"{self.seed}:{operation.label}:{turn}")
        bad = sum(mine.random() > GOOD for _ in range(share))
        for mode, number in (
            (GenerationMode.POSITIVE, share - bad),
            (GenerationMode.NEGATIVE, bad),
        ):
            if number:
                self.draw(operation, mode, number, roles, mine)

    def draw(self, operation, mode, number, roles, mine):
        left = number

        @seed(mine.randrange(2**32))
        @settings(SETTINGS, max_examples=number)
        @given(operation.as_strategy(mode))
        def each(case):
            nonlocal left
            if left:
                left -= 1
                self.send(case, mine.choice(roles), mine)

        try:
            each()
        except Exception as error:
            if "Unsatisfiable" not in type(error).__name__ and "skip" not in repr(error).lower():
                raise
        # What cannot be broken, or has one form only, is asked again as it should be.
        if left and mode is GenerationMode.NEGATIVE:
            self.draw(operation, GenerationMode.POSITIVE, left, roles, mine)

    def send(self, case, role, mine, given=None):
        """Send one case as somebody, with ids that exist, and judge the answer.

        Args:
            given: What a link gives: places, and the header If-Match.
        """
        self.fill(case, mine)
        for name in case.path_parameters or {}:
            case.path_parameters[name] = (given or {}).get(name, case.path_parameters[name])
        actor = self.actors[role]
        headers = dict(case.headers or {})
        for name in ("Authorization", "X-Acting-Role", "If-Match"):
            if mine.random() > 0.03:
                headers.pop(name, None)
        if "Authorization" not in headers and role:
            headers["Authorization"] = f"Bearer {actor['token']}"
            headers.setdefault("X-Acting-Role", actor["acting"])
        asked = {one["$ref"].rpartition("/")[2] for one in
                 self.raw[case.operation.label]["parameters"] if "$ref" in one}  # fmt: skip
        if "IdempotencyKey" in asked and mine.random() > 0.05:
            headers["Idempotency-Key"] = f"fuzz-{self.seed}-{mine.getrandbits(64):x}"
        if {"IfMatch", "IfMatchWhereItExists"} & asked and mine.random() > 0.1:
            headers["If-Match"] = f'"{mine.choice((1, 1, 1, 2, 2, 3, 4, 5))}"'
        if "If-Match" in (given or {}):
            headers["If-Match"] = given["If-Match"]
        case.headers = headers
        sent = case.as_transport_kwargs(base_url=self.address)
        answer = self.http.request(**sent, stream=True, timeout=60)
        kind = answer.headers.get("content-type", "")
        if kind.startswith("text/event-stream"):
            answer._content = b""
            answer.close()
        response = Response.from_requests(answer, verify=False)
        self.judge(case, role, response)
        if response.status_code < 300 and given is None and kind.startswith("application/json"):
            self.follow(case, role, answer, mine)

    def follow(self, case, role, answer, mine):
        """Send what an answer links to: the thing's own door, and two others as anybody admitted."""
        said = self.raw[case.operation.label]["responses"][str(answer.status_code)].get("links", {})
        targets = [name for name in said if name in self.by_id]
        for name in mine.sample(targets, min(2, len(targets))):
            link = self.links[said[name]["$ref"].rpartition("/")[2]]
            given = {key: self.taken(answer, where) for key, where in link["parameters"].items()}
            if None in given.values():
                continue
            self.followed[name] += 1
            operation = self.by_id[name]
            linked = self.one(operation, mine)
            self.send(linked, mine.choice([role, *self.roles(operation)]), mine, given)

    def one(self, operation, mine):
        """Draw one good case of an operation."""
        found = []

        @seed(mine.randrange(2**32))
        @settings(SETTINGS, max_examples=1)
        @given(operation.as_strategy(GenerationMode.POSITIVE))
        def each(case):
            found.append(case)

        each()
        return found[0]

    @staticmethod
    def taken(answer, where):
        """Return what an expression of a link names in an answer; None where there is none."""
        if where.startswith("$response.header."):
            return answer.headers.get(where.rpartition(".")[2])
        found = answer.json()
        for part in where.partition("#/")[2].split("/"):
            try:
                found = found[int(part)] if isinstance(found, list) else found[part]
            except (KeyError, IndexError):
                return None
        return found

    def judge(self, case, role, response):
        self.cases += 1
        status = str(response.status_code)
        self.statuses[role][status] += 1
        if status.startswith("2"):
            self.served.add(case.operation.label)
            self.learn(response)
        known = self.raw[case.operation.label]["responses"]
        if status not in known and status not in ELSE:
            self.wrong.note(case, role, "undocumented", f"{status} is documented nowhere", response)
        if response.headers.get("content-type", [""])[0].startswith("text/event-stream"):
            return
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as group:
            for one in group.exceptions:
                self.wrong.note(
                    case, role, type(one).__name__, f"{one.title}: {one.message}", response
                )

    def fill(self, case, mine):
        """Put values that exist where a place or a member of a known name stands."""
        for name in case.path_parameters or {}:
            if self.pool[name] and mine.random() < 0.9:
                case.path_parameters[name] = mine.choice(self.pool[name])
        for name, value in (case.query or {}).items():
            if isinstance(value, str) and self.pool[name] and mine.random() < 0.6:
                case.query[name] = mine.choice(self.pool[name])
        sent = self.raw[case.operation.label].get("requestBody", {}).get("content", {})
        example = sent.get("application/json", {}).get("example")
        if example is not None and mine.random() < EXAMPLE:
            case.body = copy.deepcopy(example)
        if isinstance(case.body, dict | list):
            case.body = self.filled(case.body, mine)

    def filled(self, value, mine, name=""):
        if isinstance(value, dict):
            return {key: self.filled(one, mine, key) for key, one in value.items()}
        if isinstance(value, list):
            return [self.filled(one, mine, name.removesuffix("s")) for one in value]
        if isinstance(value, str) and self.pool[name] and mine.random() < 0.8:
            return mine.choice(self.pool[name])
        return value

    def learn(self, response):
        """Keep ids that an answer names, for the cases that come."""
        if not response.headers.get("content-type", [""])[0].startswith("application/json"):
            return
        for name, value in response.json().items():
            if name.endswith("_id") and isinstance(value, str) and len(self.pool[name]) < 40:
                self.pool[name].append(value)


def main():
    warnings.simplefilter("ignore")
    told = json.load(sys.stdin)
    driver = Driver(told)
    began, used = time.monotonic(), time.process_time()
    driver.run(told["cases"])
    json.dump(
        {
            "cases": driver.cases,
            "seconds": round(time.monotonic() - began, 1),
            "processor_s": round(time.process_time() - used, 1),
            "statuses": {role: dict(one) for role, one in driver.statuses.items()},
            "doors": len(driver.operations),
            "served": sorted(driver.served),
            "linked": sum(driver.followed.values()),
            "wrong": list(driver.wrong.found.values()),
        },
        sys.stdout,
        ensure_ascii=False,
    )


if __name__ == "__main__":
    main()
