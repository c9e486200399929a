"""Stylesheets and scripts."""

import gzip

import pytest

from packages.assets import names, paths
from tests.conftest import Reader

STYLE = f"/static/{names()['style.css']}"
CONTENT = paths()[names()["style.css"]].read_bytes()


@pytest.mark.parametrize(
    "accepted", ["gzip", "gzip, deflate, br, zstd", "br;q=1.0,GZIP;q=0.8", "deflate , gzip ;q=0.5"]
)
def test_are_compressed_for_who_takes_that(accepted: str) -> None:
    client = Reader(headers={"accept-encoding": accepted})
    answer, plain = client.get(STYLE), Reader().get(STYLE)
    assert gzip.decompress(answer.getvalue()) == CONTENT
    assert answer["Content-Encoding"] == "gzip"
    assert answer["Content-Length"] == str(len(answer.content))
    assert len(answer.content) < len(CONTENT) / 2
    for header in ("Content-Type", "Cache-Control", "Vary", "Last-Modified"):
        assert answer[header] == plain[header], header
    assert answer["Cache-Control"] == "max-age=315360000, public, immutable"
    assert answer["Vary"] == "Accept-Encoding"
    # Other bytes under the same address.
    assert answer["ETag"] != plain["ETag"]
    known = client.get(STYLE, headers={"if-none-match": answer["ETag"]})
    assert (known.status_code, known.content, "Content-Encoding" in known) == (304, b"", False)
    head = client.head(STYLE)
    assert (head.content, dict(head.items())) == (b"", dict(answer.items()))


@pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0", "deflate, gzip; q=0.000", "xgzip"])
def test_come_as_they_are_to_others(accepted: str) -> None:
    answer = Reader(headers={"accept-encoding": accepted}).get(STYLE)
    assert answer.getvalue() == CONTENT
    assert "Content-Encoding" not in answer
    assert answer["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("name", sorted(names().values()))
def test_every_one_is_served(name: str) -> None:
    answer = Reader(headers={"accept-encoding": "gzip"}).get(f"/static/{name}")
    assert gzip.decompress(answer.content) == paths()[name].read_bytes()


def test_what_is_not_there_is_404() -> None:
    assert Reader(headers={"accept-encoding": "gzip"}).get("/static/style.css").status_code == 404
