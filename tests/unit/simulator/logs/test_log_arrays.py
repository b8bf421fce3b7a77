"""A log as arrays: whose a session is, what is on sale, and that the file's order says nothing."""

from __future__ import annotations

from pathlib import Path

from simulator.logs import log_arrays

HEADER = "shopper,session,time,item,kind"


def test_a_session_belongs_to_its_shopper(tmp_path: Path) -> None:
    """Two shoppers' first sessions are two; nobody is nobody; impressions only say what is on
    sale.
    """
    path = tmp_path / "log.csv"
    rows = [
        HEADER,
        "a,1,1,x,view",
        "b,1,2,y,view",
        ",7,3,x,click",
        "a,1,4,z,impression",
        "a,1,5,,leave",
    ]
    path.write_text("\n".join(rows))
    found = log_arrays.read(path)
    assert found.log.session.tolist() == [0, 1, 2]
    assert found.log.shopper.tolist() == [0, 1, -1]
    assert found.on_sale(found.log.starts() < 9).tolist() == [False, False, True]
