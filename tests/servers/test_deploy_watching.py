"""Dashboard, alerts and autoscaling ask for figures that the code counts, and all of them have a place to be seen."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lectern.apps.running.metrics import Metrics
from unit.deploy.figures import DASHBOARD, FLEET, alerts, known
from unit.deploy.sources import DEPLOY, base, counted

PROMTOOL = shutil.which("promtool")
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def shown() -> list[str]:
    return [target["expr"].replace("$app", ".*") for panel in PANELS for target in panel["targets"]]


def scaled_by() -> Iterator[str]:
    """The queries of both autoscalers, as Prometheus gets them."""
    options = DEPLOY / "kubernetes/options"
    keda = yaml.safe_load((options / "keda/scaledobject.yaml").read_text())
    yield keda["spec"]["triggers"][0]["metadata"]["query"]
    for rule in yaml.safe_load((DEPLOY / "prometheus/adapter.yaml").read_text())["rules"]["external"]:
        series = rule["seriesQuery"]
        yield series
        text = rule["metricsQuery"].replace("<<.Series>>", base(series.partition("{")[0]))
        yield text.replace("<<.LabelMatchers>>", 'namespace="lectern"')


QUERIES = [*shown(), *(rule["expr"] for rule in alerts()), *scaled_by()]


def figures(queries: list[str]) -> set[str]:
    return {base(name) for query in queries for name in re.findall(r"\blectern_[a-z_]+", query)}


def test_every_figure_that_is_asked_for_exists():
    assert figures(QUERIES) <= known()


def test_every_figure_that_exists_is_on_the_dashboard():
    assert known() <= figures(shown())


def test_the_names_in_the_code_are_those_that_prometheus_reads():
    metrics = Metrics()
    text = metrics.render({}, 0, True).decode()
    assert {base(name) for name in re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)} <= set(counted())


def test_labels_of_the_fleet_are_those_that_are_asked_for():
    """Those that the code names elsewhere than beside the figure's name are not looked at."""
    told = {name: labels for name, labels in counted().items() if name in FLEET and labels is not None}
    assert told == {name: FLEET[name] for name in told}


def test_what_every_gateway_tells_alike_is_never_added_up():
    for query in QUERIES:
        for found in re.finditer(r"lectern_fleet_\w+", query):
            assert "sum" not in re.split(r"[(\s]", query[: found.start()])[-3:], query
            assert re.search(r"\b(max|min)\b", query[: found.start()]) or query.startswith("lectern_fleet_"), query


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool here")
def test_prometheus_understands_every_query(tmp_path: Path):
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(QUERIES)]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    done = subprocess.run([str(PROMTOOL), "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool here")
def test_alerts_come_when_they_should_and_not_before():
    command = [str(PROMTOOL), "test", "rules", str(DEPLOY / "prometheus/rules.test.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_says_what_is_wrong_and_what_to_do():
    names = [rule["alert"] for rule in alerts()]
    assert len(set(names)) == len(names)
    for rule in alerts():
        assert rule["alert"].startswith("Lectern") and rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"].endswith(".") and len(rule["annotations"]["description"]) > 40


def test_every_alert_is_tried_out():
    tests = yaml.safe_load((DEPLOY / "prometheus/rules.test.yaml").read_text())["tests"]
    (calm, *_, wrong) = tests
    assert {one["alertname"] for one in calm["alert_rule_test"]} == {rule["alert"] for rule in alerts()}
    (sample,) = wrong["promql_expr_test"][0]["exp_samples"]
    assert sample["value"] == len(alerts())


def test_panels_have_a_title_a_place_of_their_own_and_one_source():
    places: set[tuple[int, int]] = set()
    for panel in PANELS:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert panel["title"] and panel["targets"] and at["x"] + at["w"] <= 24
        assert not cells & places, panel["title"]
        places |= cells
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${source}"}
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_prometheus_reads_both_kinds_of_machines():
    jobs = {job["job_name"]: job for job in scraped()["scrape_configs"]}
    assert set(jobs) == {"lectern-gateway", "lectern-worker"}
    assert jobs["lectern-gateway"]["metrics_path"] == "/lectern/metrics"
    asked = {name for rule in alerts() for name in re.findall(r'job="([a-z-]+)"', rule["expr"])}
    assert asked == set(jobs)


def scraped() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "prometheus/prometheus.yaml").read_text())
