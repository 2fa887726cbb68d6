import pytest

from gemel.data import Audit, audit_files, read_pairs
from gemel.samples import HELPDESK, PROBES


@pytest.mark.parametrize("path", [HELPDESK, PROBES], ids=lambda path: path.stem)
def test_the_audit_finds_nothing_odd(path):
    report = audit_files([read_pairs(path)])
    assert isinstance(report, Audit)
    (file,) = report.files
    assert not file.empty.pairs
    assert not file.repeated.pairs
    assert not file.contradictory.pairs
    assert not file.contradictory_by_chain.pairs
    assert not file.self_pairs.pairs
