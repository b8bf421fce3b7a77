"""Public shapes: which one a first line tells, and what is taken of each."""

from __future__ import annotations

from typing import Any

import pytest

from db.errors import DataError, UsageError
from tests.log_dialects import read

Event = tuple[Any, ...]

SHAPES: dict[str, tuple[str, str, list[Event]]] = {
    "retailrocket": (
        "retailrocket",
        (
            "timestamp,visitorid,event,itemid,transactionid\n"
            "1433221332117,257597,view,355908,\n"
            "1433221932117,257597,addtocart,355908,\n"
            "1433231932117,257597,transaction,9,4000\n"
        ),
        [
            ("view", "257597", "1", 1433221332.117, "355908"),
            ("cart", "257597", "1", 1433221932.117, "355908"),
            ("purchase", "257597", "2", 1433231932.117, "9"),
        ],
    ),
    "yoochoose": (
        "yoochoose",
        "1,2014-04-07T10:51:09.277Z,214536502,0\n1,2014-04-07T10:54:09.868Z,214536500,S\n",
        [
            ("click", "", "1", 1396867869.277, "214536502"),
            ("click", "", "1", 1396868049.868, "214536500"),
        ],
    ),
    "yoochoose-buys": (
        "yoochoose-buys",
        "420374,2014-04-06T18:44:58.314Z,214537888,12462,1\n",
        [("purchase", "", "420374", 1396809898.314, "214537888")],
    ),
    "diginetica": (
        "diginetica",
        (
            "sessionId;userId;itemId;timeframe;eventdate\n1;NA;81766;526309;2016-05-09\n"
            "1;NA;31331;1031018;2016-05-09\n"
        ),
        [
            ("view", "", "1", 1462752000 + 526.309, "81766"),
            ("view", "", "1", 1462752000 + 1031.018, "31331"),
        ],
    ),
    "diginetica-purchases": (
        "diginetica-purchases",
        (
            "sessionId;userId;timeframe;eventdate;ordernumber;itemId\n150;18278;17100868;"
            "2016-05-06;16421;25911\n"
        ),
        [("purchase", "18278", "150", 1462492800 + 17100.868, "25911")],
    ),
    "rees46": (
        "rees46",
        (
            "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,"
            "user_session\n2019-10-01 00:00:00 UTC,view,1,2,,x,35.79,5,s-1\n"
            "2019-10-01 00:00:01 UTC,remove_from_cart,1,2,,x,35.79,5,s-1\n"
        ),
        [("view", "5", "s-1", 1569888000.0, "1")],
    ),
    "hm": (
        "hm",
        (
            "t_dat,customer_id,article_id,price,sales_channel_id\n"
            "2018-09-20,000058a1,0663713001,0.0508,2\n2018-09-20,000058a1,0541518023,0.03,2\n"
            "2018-09-24,000058a1,0541518023,0.03,2\n"
        ),
        [
            ("purchase", "000058a1", "1", 1537401600.0, "0663713001"),
            ("purchase", "000058a1", "1", 1537401600.0, "0541518023"),
            ("purchase", "000058a1", "2", 1537747200.0, "0541518023"),
        ],
    ),
    "movielens": (
        "movielens",
        "userId,movieId,rating,timestamp\n1,31,2.5,1260759144\n",
        [("click", "1", "1", 1260759144.0, "31")],
    ),
    "u.data": (
        "movielens-dat",
        "196\t242\t3\t881250949\n186\t302\t3\t891717742\n",
        [
            ("click", "196", "1", 881250949.0, "242"),
            ("click", "186", "1", 891717742.0, "302"),
        ],
    ),
    "ratings.dat": (
        "movielens-dat",
        "1::1193::5::978300760\n1::661::3::978302109\n",
        [
            ("click", "1", "1", 978300760.0, "1193"),
            ("click", "1", "1", 978302109.0, "661"),
        ],
    ),
    "instacart": (
        "instacart",
        "order_id,product_id,add_to_cart_order,reordered,user_id,time\n2,33120,1,1,202279,864000\n",
        [("purchase", "202279", "2", 864000.0, "33120")],
    ),
    "recbole": (
        "recbole",
        "user_id:token\titem_id:token\trating:float\ttimestamp:float\n196\t242\t3\t881250949\n",
        [("click", "196", "1", 881250949.0, "242")],
    ),
    "ga4 as a table": (
        "ga4",
        (
            "event_timestamp,event_name,user_pseudo_id,ga_session_id,item_id\n"
            "1612069510766593,view_item,u.1,77,GGOE\n1612069510766594,page_view,u.1,77,\n"
        ),
        [("view", "u.1", "77", 1612069510.766593, "GGOE")],
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_public_shape_is_known_by_its_first_line(name: str) -> None:
    """And read as meant, with the preset said; the same when it is named."""
    preset, text, wanted = SHAPES[name]
    found, notes = read(text)
    assert found == wanted
    assert (notes.format, notes.skipped) == (preset, [])
    assert any(f"read as {preset}" in line for line in notes.remarks)
    named, _ = read(text, format_=preset)
    assert named == wanted


def test_what_is_known_and_not_ours_is_set_aside() -> None:
    """Counted by kind, and not among the lines left out."""
    _, notes = read(SHAPES["rees46"][1])
    assert dict(notes.set_aside) == {"remove_from_cart": 1}
    assert notes.to_json()["left_out"] == 0


def test_columns_and_kinds_of_ones_own() -> None:
    """By name whatever the case, by number without a header, and kinds as they are called."""
    text = "Who|Thing|When|Did\nann|x|100|looked\nann|y|130|paid\nann|y|131|sneezed\n"
    how = {
        "columns": "shopper=who,item=thing,time=when,kind=did",
        "kinds": "looked=view,paid=purchase,sneezed=ignore",
    }
    wanted = [("view", "ann", "1", 100.0, "x"), ("purchase", "ann", "1", 130.0, "y")]
    found, notes = read(text, **how)
    assert found == wanted
    assert dict(notes.set_aside) == {"sneezed": 1}
    numbered = {**how, "columns": "shopper=1,item=2,time=3,kind=4"}
    assert read(text.partition("\n")[2], **numbered)[0] == wanted
    assert read(text, **numbered)[0] == wanted


def test_a_pause_ends_a_session() -> None:
    """The gap that somebody gives; a session that the log gives is cut only when they do."""
    rows = [("a", 0), ("b", 500), ("c", 3000)]
    text = "shopper,session,time,item,kind\n" + "".join(f"s,7,{t},{i},view\n" for i, t in rows)
    assert [one[2] for one in read(text)[0]] == ["7", "7", "7"]
    assert [one[2] for one in read(text, session_gap="10m")[0]] == ["7", "7", "7#2"]
    without = text.replace(",session", "").replace("s,7", "s")
    columns = {"columns": "shopper=shopper"}
    assert [one[2] for one in read(without, **columns)[0]] == ["1", "1", "2"]
    assert [one[2] for one in read(without, **columns, session_gap="2h")[0]] == ["1", "1", "1"]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"format_": "amazon"}, "--format: wanted one of windowshop, retailrocket"),
        ({"columns": "who=a"}, "--columns: wanted shopper, session, time, item, kind"),
        ({"columns": "shopper"}, "--columns: wanted a=b,c=d, found 'shopper'"),
        ({"columns": "item=sku,item=id"}, "'item' stands there twice"),
        ({"columns": "item=sku"}, "has no column 'sku', it has shopper, session"),
        ({"columns": "item=9,time=1,shopper=2"}, "wanted numbers from 1 to 5"),
        ({"kinds": "a=b"}, "--kinds a=b: wanted one of search, view"),
        ({"session_gap": "soon"}, "--session-gap: wanted a time like 30m"),
        ({"session_gap": "0"}, "--session-gap: wanted a time like 30m"),
    ],
)
def test_options_that_do_not_fit_are_refused(how: dict[str, str], words: str) -> None:
    """Usage, in a line that names the option."""
    with pytest.raises(UsageError, match=words):
        read("shopper,session,time,item,kind\ns,1,1,x,view\n", **how)


def test_another_shape_than_the_one_named_is_refused() -> None:
    """With its columns."""
    with pytest.raises(DataError, match=r"wanted the columns of rees46 \(user_id, user_session"):
        read("shopper,session,time,item,kind\ns,1,1,x,view\n", format_="rees46")
