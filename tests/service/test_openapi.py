"""The service against its own description: what schemathesis makes of it, valid and not."""

import re
import subprocess
import sys

ROUTES = [
    ("post", "/compare"),
    ("post", "/encode"),
    ("post", "/search"),
    ("post", "/check"),
    ("post", "/questions"),
    ("get", "/questions/{id}"),
    ("delete", "/questions/{id}"),
    ("get", "/duplicates"),
    ("get", "/duplicates/export"),
    ("get", "/review"),
    ("post", "/review"),
    ("delete", "/review"),
    ("get", "/review/export"),
    ("get", "/model"),
    ("get", "/health"),
    ("get", "/ready"),
    ("get", "/metrics"),
]
EXCLUDED = "positive_data_acceptance"
"""That a question is blank, that no question has an id, or that two questions were decided about
before is no matter of form: no schema can say so, and what fits it may still be refused."""


def test_schemathesis_finds_nothing(site, tmp_path):
    """All its checks but one, in all its phases: examples, coverage, fuzzing, links."""
    site.until(lambda: site.client.get("/duplicates").status_code == 200)  # not 503 any more
    options = {"--max-examples": 15, "--exclude-checks": EXCLUDED, "--workers": 1}
    options |= {"--request-timeout": 600, "--suppress-health-check": "too_slow"}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{site.url}openapi.json"),
            *("--generation-deterministic", "--no-color"),
            *(str(word) for option in options.items() for word in option),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    cases = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert cases, done.stdout
    assert cases[1] == cases[2]
    assert int(cases[1]) > 300
    assert f"{len(ROUTES)} selected" in done.stdout
    assert site.client.get("/ready").status_code == 200


def test_the_description(client):
    told = client.get("/openapi.json").json()
    routes = {(method, path) for path, each in told["paths"].items() for method in each}
    assert routes == set(ROUTES)
    for path, each in told["paths"].items():
        for method, route in each.items():
            assert route["description"], (method, path)
            failures = {"400", "401", "403", "408", "413", "415", "422", "429", "500", "503"}
            assert failures <= set(route["responses"]), (method, path)
    files = told["paths"]["/duplicates/export"]["get"]["responses"]["200"]["content"]
    assert set(files) == {"text/csv", "text/html", "application/jsonl"}
    pairs = told["paths"]["/review/export"]["get"]["responses"]["200"]["content"]
    assert set(pairs) == {"text/csv"}
