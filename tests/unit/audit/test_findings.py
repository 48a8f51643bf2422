import json

from reben.audit.findings import Certainty, Finding, Kind, Severity, counted, plural
from reben.audit.report import FORMAT_VERSION, AuditReport, worst_first

MINOR = Finding(Kind.resampling, Severity.minor, "b", bands=("B05",))
LIKELY = Finding(Kind.offset, Severity.serious, "offset", Certainty.likely, evidence={"offset": 1000})
CERTAIN = Finding(Kind.unit, Severity.serious, "unit")


def report(*findings: Finding) -> AuditReport:
    return AuditReport("copy", "a folder of GeoTIFFs", 200, 100, 0, ("B02",), worst_first(list(findings)), ("labels",))


def test_the_worst_and_surest_comes_first():
    assert worst_first([MINOR, LIKELY, CERTAIN]) == (CERTAIN, LIKELY, MINOR)


def test_a_report_in_words():
    text = str(report(MINOR, LIKELY))
    assert text.splitlines()[0] == "2 things are wrong with copy, worst first:"
    assert "  serious: Offset (likely)" in text
    assert "looked at: a folder of GeoTIFFs, 100 of 200 patches, 1 bands (B02), without published values" in text
    assert text.endswith("not looked at: labels")
    assert str(report()).startswith("nothing wrong was found in copy")
    assert str(report(MINOR)).startswith("1 thing is wrong")


def test_a_report_for_programs():
    found = json.loads(json.dumps(report(LIKELY).as_dict(), allow_nan=False))
    assert found["format_version"] == FORMAT_VERSION
    assert not found["ok"]
    assert found["findings"][0]["kind"] == "offset"
    assert found["findings"][0]["evidence"] == {"offset": 1000}


def test_many_patches_are_counted_and_the_first_named():
    found = Finding(Kind.labels, Severity.grave, "x", patches=tuple(map(str, range(100)))).as_dict()
    assert found["number_of_patches"] == 100
    assert len(found["patches"]) == 20


def test_words():
    assert counted(1, 1, "masks") == "1 of 1 masks"
    assert (plural(["a"], "is", "are"), plural([], "is", "are")) == ("is", "are")
