from prometheus_client.parser import text_string_to_metric_families

from passerelle._version import __version__
from passerelle.kit.metrics import Levels, Metrics, QuotaGauge


def samples(text: bytes) -> dict[tuple[str, frozenset], float]:
    """Every sample by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def labels(**given: str) -> frozenset:
    return frozenset(given.items())


def test_what_happens_is_counted_by_its_labels():
    metrics = Metrics()
    metrics.called("metering_data_dc", "200")
    metrics.called("metering_data_dc", "200")
    metrics.called("oauth2", "timeout")
    metrics.answered("GET", "/v1/catalogue", 200)
    metrics.read("hit")
    metrics.waited("interactive", 0.2)
    metrics.waited("interactive", 400)
    found = samples(metrics.text(Levels()))
    assert found["passerelle_enedis_calls_total", labels(api="metering_data_dc", status="200")] == 2
    assert found["passerelle_enedis_calls_total", labels(api="oauth2", status="timeout")] == 1
    assert found["passerelle_http_requests_total", labels(method="GET", route="/v1/catalogue", status="200")] == 1
    assert found["passerelle_series_reads_total", labels(cache="hit")] == 1
    assert found["passerelle_quota_wait_seconds_bucket", labels(priority="interactive", le="0.3")] == 1
    assert found["passerelle_quota_wait_seconds_bucket", labels(priority="interactive", le="300.0")] == 1
    assert found["passerelle_quota_wait_seconds_sum", labels(priority="interactive")] == 400.2
    assert found["passerelle_build_info", labels(version=__version__)] == 1


def test_levels_are_those_of_now_and_absent_when_they_cannot_be_read():
    metrics = Metrics()
    quota = {"v5": QuotaGauge(left=90, allowance=100, held=True)}
    found = samples(metrics.text(Levels(quota, {"granted": 3}, {"revoked": 1})))
    assert found["passerelle_quota_left", labels(bucket="v5")] == 90
    assert found["passerelle_quota_allowance", labels(bucket="v5")] == 100
    assert found["passerelle_quota_held", labels(bucket="v5")] == 1
    assert found["passerelle_consents", labels(state="granted")] == 3
    assert found["passerelle_usage_point_links", labels(state="revoked")] == 1
    later = samples(metrics.text(Levels()))
    assert not [name for name, _ in later if name.startswith(("passerelle_quota", "passerelle_consents"))]


def test_a_stranger_s_method_makes_no_new_series():
    metrics = Metrics()
    for word in ("BREW", "22516914714270"):
        metrics.answered(word, "none", 405)
    found = samples(metrics.text(Levels()))
    assert found["passerelle_http_requests_total", labels(method="other", route="none", status="405")] == 2


def test_two_gateways_of_one_process_do_not_mix():
    one, other = Metrics(), Metrics()
    one.read("miss")
    assert b"passerelle_series_reads_total{" not in other.text(Levels())


def test_each_api_has_one_generation_and_the_last_one_leaves_no_trace():
    metrics = Metrics()
    name = "passerelle_enedis_generation"
    apis = {"mesure_synchrone_auto": "2026", "situation_contrat_auto": "v5"}
    found = samples(metrics.text(Levels(generations=apis)))
    assert {key: value for key, value in found.items() if key[0] == name} == {
        (name, labels(api=api, generation=generation)): 1 for api, generation in apis.items()
    }
    changed = samples(metrics.text(Levels(generations={"mesure_synchrone_auto": "v5"})))
    assert [key for key in changed if key[0] == name] == [(name, labels(api="mesure_synchrone_auto", generation="v5"))]
