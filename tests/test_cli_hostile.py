"""The command line: hostile inputs of every kind end in findings or in exit 2."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import CA, SHOP, TAX, UPDATE, US, Cli, Outcome, command, write
from refundkit import operations
from story import examples, text

HOSTILE = [
    *(
        b"",
        b" ",
        b"\n",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\xff\xfe{\0}\0",
        b"null",
        b"true",
        b"0",
        b"-0.0",
        b"1e400",
        b'""',
    ),
    *(
        b"{}",
        b"[]",
        b"[[]]",
        b"[{}]",
        b"[null]",
        b"[1,2]",
        b"{",
        b"[",
        b"}",
        b'"',
        b'{"a"',
        b'{"a":1,}',
        b"{'a':1}",
        b"NaN",
    ),
    *(b'{"orderRefund":null}', b'{"orderRefund":[]}', b'{"orderRefund":{"orderLines":{"orderLine":[null]}}}'),
    *(
        b'{"order_refund":null}',
        b'{"order_refund":{"amount":null}}',
        b'{"order_refund":{"amount":1,"line_items":{"":{}}}}',
    ),
    *(b'{"items":[{}]}', b'{"items":[null]}', b'{"items":[{"itemId":"","quantity":1e308}]}', b'{"grant_type":""}'),
    *(
        b'{"body":null}',
        b'{"body":{}}',
        b'{"body":[]}',
        b'{"body":1,"order":1,"refunds":1}',
        b'{"body":{},"order":[],"refunds":{}}',
    ),
    *(b'{"operation":null}', b'{"operation":""}', b'{"operation":"."}', b'{"operation":"x.y","operation":"x.y"}'),
    *(b'{"method":"","url":""}', b'{"method":"POST","url":"//"}', b'{"method":"\\n","url":"?"}'),
    *(
        b'{"body":{},"path":{"id":null},"query":{"":""},"headers":{"":""}}',
        b'{"body":{},"path":{"purchaseOrderId":""}}',
    ),
    *(
        b'{"\\ud800":1}',
        b'{"a":"\\u0000"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":1}{"a":2}',
        b"\\",
        b"//",
        b"#",
        b"---",
        b"- a",
    ),
    *(
        b"&a [*a]",
        b"*a",
        b"!!python/object:os.system {}",
        b"%YAML 9.9\n---\n1",
        b"? [a]\n: b",
        b"a: b: c",
        b"<<: 1",
        b"\t",
    ),
    *(
        b"<",
        b"<a/>",
        b"<a></b>",
        b"<!DOCTYPE a><a/>",
        b'<?xml version="1.0" encoding="latin-1"?><a/>',
        b"<orderRefund/>",
        b"<a b='&x;'/>",
    ),
    *(
        b"9" * 5000,
        b"-" * 99,
        b'"' + b"x" * 99_999 + b'"',
        b"{" * 500,
        b'{"a":' * 500,
        b"[" * 500 + b"]" * 500,
        b"0." + b"1" * 999,
    ),
]


def noting(content: bytes, cli: Cli, *arguments: str) -> Outcome:
    """Runs a check, and adds the content to what is raised."""
    try:
        return cli("check", "--isolated", *arguments)
    except Exception as error:
        error.add_note(f"of {content[:80]!r}")
        raise


@pytest.mark.parametrize("suffix", ["json", "jsonl", "yaml", "xml"])
@pytest.mark.parametrize(
    "operation", [None, *(name for name in operations.names() if operations.get(name).described.body)]
)
def test_no_input_prints_a_traceback(cli: Cli, operation: str | None, suffix: str) -> None:
    """Small hostile inputs of every kind end in findings or in exit 2, in every format that is read."""
    named = ("--as", operation) if operation else ()
    for index, content in enumerate(HOSTILE):
        name = write(f"h{index}.{suffix}", content)
        found = noting(content, cli, "--output-format", "json", *named, name)
        if found.status == 2:
            assert (found.out, found.err[:11]) == ("", "refundkit: "), content
        else:
            assert found.status in (0, 1), content
            assert found.document["summary"]["files"] == 1


@pytest.mark.parametrize(
    "url", ["http://[", "http://[::1/wc-api/v3/orders/1/refunds", "http://a:b/wc-api/v3/orders/1/refunds", "%", ":"]
)
@pytest.mark.parametrize("named", [{"method": "POST"}, {"operation": SHOP}, {}])
def test_url_that_is_none(check: Cli, named: dict[str, str], url: str) -> None:
    """A URL that no library can read is no operation's, and no traceback."""
    write("r.json", text({**named, "url": url, "headers": {"Accept": "*/*"}, "body": {"order_refund": {"amount": 1}}}))
    assert check("r.json").status in (0, 1)


def test_hostile_context(cli: Cli) -> None:
    """Hostile orders and earlier refunds end in findings or in exit 2 as well."""
    for index, content in enumerate(HOSTILE):
        context = write(f"c{index}.json", content)
        for operation in (US, CA, SHOP, UPDATE, TAX):
            payload = write("r.json", text(examples(operation)[0]))
            found = noting(content, cli, "--as", operation, "--order", context, "--refunds", context, payload)
            assert found.status in (1, 2), (operation, content)


def test_one_process_meets_hostile_files(folder: Path) -> None:
    """All of them in one run of a process of its own: findings on standard output, and no traceback."""
    for index, content in enumerate(HOSTILE):
        write(f"in/h{index}.json", content)
    found = command("check", "--isolated", "--as", US, "in")
    assert found.status == 1
    assert "Traceback" not in found.err + found.out
    assert found.out.splitlines()[-1].startswith("Checked ")
