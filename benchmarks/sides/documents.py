"""What the floor asks: the leanest documents for each job, written by hand."""

from __future__ import annotations

import base64

import clock

AUTHORIZATION = "Basic " + base64.b64encode(f"api:{clock.KEY}".encode()).decode()

_HEAD = "query ($entity: String!, $project: String!, $name: String!"
_RUN = "project(name: $project, entityName: $entity) { run(name: $name)"

RUNS = """query Runs($entity: String!, $project: String!, $after: String) {
  project(name: $project, entityName: $entity) {
    runs(first: 1000, after: $after, order: "+created_at") {
      edges { node { name displayName state tags createdAt config summaryMetrics } }
      pageInfo { endCursor hasNextPage }
    }
  }
}"""
RUN = (
    f"{_HEAD}) {{ {_RUN} {{ name displayName state tags createdAt config summaryMetrics historyKeys }} }} }}"
)
KEYS = f"{_HEAD}) {{ {_RUN} {{ historyKeys }} }} }}"
WINDOW = f"""{_HEAD}, $low: Int64!, $high: Int64!) {{
  {_RUN} {{ history(minStep: $low, maxStep: $high, samples: 1000) }} }}
}}"""
SPEC = f"{_HEAD}, $spec: JSONString!) {{ {_RUN} {{ sampledHistory(specs: [$spec]) }} }} }}"
SAMPLED = f"{_HEAD}) {{ {_RUN} {{ history(samples: 500) }} }} }}"


def variables(path: str, **more: object) -> dict[str, object]:
    """The variables of a request about the project or run at `path`."""
    names = dict(zip(("entity", "project", "name"), path.split("/"), strict=False))
    return {**names, **more}
