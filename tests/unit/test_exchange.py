"""Requests to bytes and bytes to answers, without a socket."""

from __future__ import annotations

import gzip

import pytest

from wandkit._core.failure import WireError
from wandkit._transport.exchange import Exchange, Head, Inflate, Origin, Request, redirect_target, resolve
from wandkit.errors import ArgumentError

HOME = Origin("http", "api.example.org", 80)


def answers(*received: bytes) -> list[Head | bytes | bool]:
    """Return what an exchange makes of the bytes of an answer to a GET."""
    exchange = Exchange()
    exchange.start(Request("GET", HOME, "/", {}))
    events: list[Head | bytes | bool] = []
    for data in received:
        exchange.receive(data)
        while (event := exchange.next()) is not False:
            events.append(event)
            if event is True:
                break
    return events


@pytest.mark.parametrize(
    ("url", "origin", "target"),
    [
        ("https://api.wandb.ai/graphql", Origin("https", "api.wandb.ai", 443), "/graphql"),
        ("http://127.0.0.1:8080", Origin("http", "127.0.0.1", 8080), "/"),
        ("http://[::1]:8080/a?b=c#d", Origin("http", "::1", 8080), "/a?b=c"),
        ("https://x.org/a%2Fb%20c?s=%2B/=&t=", Origin("https", "x.org", 443), "/a%2Fb%20c?s=%2B/=&t="),
        ("https://x.org/a b/ä?q=ü v", Origin("https", "x.org", 443), "/a%20b/%C3%A4?q=%C3%BC%20v"),
        ("https://bücher.example/", Origin("https", "xn--bcher-kva.example", 443), "/"),
    ],
)
def test_a_url_splits_into_origin_and_target(url: str, origin: Origin, target: str) -> None:
    assert resolve(url) == (origin, target)


@pytest.mark.parametrize("url", ["ftp://x.org/", "/a/b", "http://", "http://x:99999/", "", "s3://bucket/key"])
def test_what_is_no_http_url_is_refused(url: str) -> None:
    with pytest.raises(ArgumentError):
        resolve(url)


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        (Origin("https", "x.org", 443), "https://x.org"),
        (Origin("https", "x.org", 80), "https://x.org:80"),
        (Origin("http", "::1", 8080), "http://[::1]:8080"),
    ],
)
def test_an_origin_is_written_without_its_default_port(origin: Origin, text: str) -> None:
    assert (str(origin), origin.authority) == (text, text.split("://")[1])


def test_this_machine_is_told_from_others() -> None:
    hosts = ["localhost", "127.0.0.1", "127.9.9.9", "::1", "api.wandb.ai", "10.0.0.1"]
    assert [Origin("http", host, 80).is_loopback for host in hosts] == [True] * 4 + [False] * 2


def test_a_relative_location_is_resolved() -> None:
    assert redirect_target("https://x.org/a/b?c", "../d") == "https://x.org/d"


def test_a_request_is_written_with_host_and_length() -> None:
    written = Exchange().start(Request("POST", HOME, "/graphql", {"X-Team": "blue"}, b"{}"))
    assert written == (
        b"POST /graphql HTTP/1.1\r\nHost: api.example.org\r\nX-Team: blue\r\nContent-Length: 2\r\n\r\n{}"
    )


def test_a_body_in_pieces_is_announced_and_follows() -> None:
    exchange = Exchange()
    written = exchange.start(Request("PUT", HOME, "/f", {}, length=4))
    assert written.endswith(b"Content-Length: 4\r\n\r\n")
    assert (exchange.piece(b"ab"), exchange.piece(b"cd"), exchange.finish()) == (b"ab", b"cd", b"")


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\x00b"])
def test_a_header_cannot_smuggle_another(value: str) -> None:
    with pytest.raises(ArgumentError):
        Exchange().start(Request("GET", HOME, "/", {"X-Team": value}))


def test_an_answer_has_a_head_and_a_body() -> None:
    events = answers(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-A: 1\r\nx-a: 2\r\n\r\nabc")
    assert events == [Head(200, {"content-length": "3", "x-a": "1, 2"}), b"abc", True]


def test_an_answer_may_come_byte_by_byte() -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
    events = answers(*(raw[index : index + 1] for index in range(len(raw))))
    assert b"".join(event for event in events if isinstance(event, bytes)) == b"abc"


def test_a_chunked_body_is_put_together() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    events = answers(head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert b"".join(event for event in events if isinstance(event, bytes)) == b"abcde"


def test_a_body_may_end_with_the_connection() -> None:
    assert answers(b"HTTP/1.0 200 OK\r\n\r\nabc", b"")[1:] == [b"abc", True]


def test_interim_answers_are_skipped() -> None:
    events = answers(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
    assert events == [Head(204, {}), True]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc",
    ],
)
def test_an_answer_that_breaks_off_is_broken(raw: bytes) -> None:
    with pytest.raises(WireError) as caught:
        answers(raw, b"")
    assert (caught.value.kind, caught.value.sent) == ("broken", True)
    assert "closed the connection" in caught.value.text


@pytest.mark.parametrize(
    "raw", [b"SSH-2.0-OpenSSH_9.6\r\n\r\n", b"\x15\x03\x01\x00\x02\r\n\r\n", b"<html>\r\n\r\n"]
)
def test_another_protocol_is_recognised(raw: bytes) -> None:
    with pytest.raises(WireError) as caught:
        answers(raw)
    assert caught.value.kind == "protocol"


def test_a_header_may_hold_a_name_of_any_language() -> None:
    assert "X-Wandb-Username: jürgen\r\n".encode() in Exchange().start(
        Request("GET", HOME, "/", {"X-Wandb-Username": "jürgen"})
    )


@pytest.mark.parametrize(
    ("head", "again"),
    [(b"Content-Length: 0\r\n", True), (b"Connection: close\r\nContent-Length: 0\r\n", False)],
)
def test_a_connection_is_used_again_where_the_server_keeps_it(head: bytes, again: bool) -> None:
    exchange = Exchange()
    exchange.start(Request("GET", HOME, "/", {}))
    exchange.receive(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")
    while exchange.next() is not True:
        pass
    assert exchange.recycle() is again


def test_gzip_is_undone_piece_by_piece() -> None:
    packed = gzip.compress(b"abc" * 1000)
    inflate = Inflate({"content-encoding": "gzip"})
    text = (
        b"".join(inflate.feed(packed[index : index + 7]) for index in range(0, len(packed), 7))
        + inflate.end()
    )
    assert text == b"abc" * 1000


def test_other_content_passes() -> None:
    inflate = Inflate({})
    assert inflate.feed(b"abc") + inflate.end() == b"abc"


def test_gzip_that_breaks_off_is_broken() -> None:
    inflate = Inflate({"content-encoding": "gzip"})
    inflate.feed(gzip.compress(b"abc" * 1000)[:-9])
    with pytest.raises(WireError, match="cut short"):
        inflate.end()


def test_what_is_no_gzip_is_damaged() -> None:
    with pytest.raises(WireError, match="damaged"):
        Inflate({"content-encoding": "gzip"}).feed(b"plain text")
