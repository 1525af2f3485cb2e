"""What cannot be drafted raises DraftError, which says what is left or what to add."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any, Final

import pytest
from refundkit import ALL, balance, draft, pieces
from refundkit.errors import DraftError, RefundNotChecked
from story import story

US: Final = "walmart.refund_order_lines"
CANCEL: Final = "walmart.cancel_order_lines"
RETURN: Final = "walmart.refund_return"
SHOP: Final = "woocommerce.create_refund"
LEGACY: Final = "woocommerce_legacy.create_refund"
TAXCLOUD: Final = "taxcloud.refund_order"
REASONS = {US: "DamagedItem", CANCEL: "SELLER_CANCEL_OUT_OF_STOCK", SHOP: "Lid missing", LEGACY: "Lid missing"}


def order_of(operation: Any) -> Any:
    """The example order of an operation; of Walmart's, line 1 is shipped, 2 open, and 3 partly refunded."""
    order = copy.deepcopy(story(operation)["order"])
    if operation in (US, CANCEL):
        lines = order["order"]["orderLines"]["orderLine"]
        lines[1]["orderLineStatuses"]["orderLineStatus"] = [
            {"status": "Acknowledged", "statusQuantity": lines[1]["orderLineQuantity"]}
        ]
    return order


def refuse(operation: Any, wanted: Any, order: Any = None, **options: Any) -> str:
    """The words with which a draft is refused."""
    options.setdefault("reason", REASONS.get(operation))
    options.setdefault("refunds", story(operation).get("refunds"))
    with pytest.raises(DraftError) as refused:
        draft(operation, order_of(operation) if order is None else order, wanted, **options)
    assert refused.value.sent == "no"
    return str(refused.value)


@pytest.mark.parametrize("operation", [US, CANCEL, RETURN, SHOP, LEGACY, TAXCLOUD])
@pytest.mark.parametrize("wanted", [None, {}, []])
def test_nothing_is_refunded_by_omission(operation: Any, wanted: Any) -> None:
    """None, an empty mapping and an empty list are refused, with what to say instead."""
    assert refuse(operation, wanted) == "nothing is wanted: say ALL, an amount, or what of which line"


@pytest.mark.parametrize("share", [None, [], {}])
def test_nothing_of_a_line_is_refused_as_well(share: Any) -> None:
    """A line of which nothing is said is refused, not refunded whole."""
    assert refuse(US, {"1": share}) == "nothing is wanted of line 1: say ALL, pieces(n) or money"


@pytest.mark.parametrize("wanted", [["1"], "1", 5])
def test_what_is_no_mapping_is_a_type_error(wanted: Any) -> None:
    """A list of lines does not say what of them is wanted."""
    with pytest.raises(TypeError, match="say ALL, or what of which line"):
        draft(US, order_of(US), wanted, reason="DamagedItem")


@pytest.mark.parametrize(
    ("operation", "wanted", "options", "words"),
    [
        # An unknown line.
        (US, {"9": ALL}, {}, "the order has no line '9'; it has 1, 2, 3"),
        (CANCEL, {"9": ALL}, {}, "the order has no line '9'; it has 1, 2, 3"),
        (RETURN, {"9": ALL}, {}, "the order has no line '9'; it has line 1, line 2"),
        (SHOP, {"711": ALL}, {}, "the order has no line '711'; it has 73, 74, 71, 72; did you mean '71'?"),
        (TAXCLOUD, {"OIL": ALL}, {}, "the order has no line 'OIL'; it has CHAIR-OAK, "),
        # Not shipped, or shipped.
        (US, {"2": ALL}, {}, "line 2: nothing is shipped (Acknowledged 1), so nothing can be refunded"),
        (CANCEL, {"1": ALL}, {}, "line 1: it is shipped, so nothing of it can be cancelled"),
        # Nothing is left.
        (RETURN, {"2": ALL}, {}, "line 2: 0 are wanted and 0 of 1 are left"),
        # More than is left.
        (US, {"1": "39.99"}, {"tax": "none"}, "line 1: 39.99 is wanted of PRODUCT, and 39.98 + 3.30 tax is left"),
        (US, {"1": pieces(3)}, {}, "line 1: 59.97 is wanted of PRODUCT, and 39.98 + 3.30 tax is left"),
        (US, None, {"shipping": "99"}, "shipping: 99 is wanted, and "),
        (CANCEL, {"2": pieces(2)}, {}, "2: 2 are wanted and 1 of 1 are left"),
        (RETURN, {"1": pieces(3)}, {}, "line 1: 3 are wanted and 2 of 2 are left"),
        (SHOP, None, {"amount": "85.81"}, "85.81 is wanted, and 85.80 is left of the order"),
        (SHOP, {"71": pieces(3)}, {}, "71: 3 are wanted and 2 of 3 are left"),
        (LEGACY, None, {"amount": "85.81"}, "85.81 is wanted, and 85.80 is left of the order"),
        (TAXCLOUD, {"OIL-LITRE": pieces("1.6")}, {}, "OIL-LITRE: 1.6 are wanted and 1.5 of 1.5 are left"),
        # A tax that is not said, with the three results.
        (
            US,
            {"1": "5.00"},
            {},
            'line 1: it is taxed, so say its tax: "added" refunds 5.00 + 0.41, "included" 4.62 + 0.38, "none" 5.00 + 0',
        ),
        (
            SHOP,
            {"71": "5.00"},
            {},
            'it is taxed, so say its tax: "added" refunds 5.00 + 0.50, "included" 4.55 + 0.45, "none" 5.00 + 0',
        ),
        # ALL, and something beside it.
        (US, ALL, {"amount": "1"}, "ALL is all that is left of the order: say nothing beside it"),
        (SHOP, ALL, {"shipping": ALL}, "ALL is all that is left of the order: say nothing beside it"),
        (SHOP, {"71": ALL}, {"amount": "1"}, "say an amount of the order or what of its lines, not both"),
        # What the operation does not count in.
        (RETURN, {"1": "5"}, {}, "line 1: money cannot be asked for here, say pieces(5)"),
        (CANCEL, {"2": "1"}, {}, "2: money cannot be asked for here, say pieces(1)"),
        (TAXCLOUD, {"OIL-LITRE": "1"}, {}, "OIL-LITRE: money cannot be asked for here, say pieces(1)"),
        (CANCEL, {"2": pieces("0.5")}, {}, "line 2: 0.5 is no whole number of pieces"),
        (RETURN, None, {"amount": "5"}, "only pieces can be asked for here: say pieces(n) or ALL of which line"),
        (CANCEL, None, {"shipping": ALL}, "only pieces can be asked for here"),
        (US, None, {"amount": "5"}, "an amount of the order is not refunded here: say what of which line"),
        (TAXCLOUD, None, {"amount": "5"}, "TaxCloud computes the money from the items"),
        # What is missing, or no amount.
        (US, ALL, {"reason": None}, "a reason is missing"),
        (CANCEL, ALL, {"reason": None}, "a reason is missing"),
        (RETURN, ALL, {"reason": "DAMAGED"}, "the refund of a return has no reason: leave it out"),
        (CANCEL, ALL, {"reason": "OUT_OF_STOCK"}, "'OUT_OF_STOCK' is no supported cancellation reason"),
        (US, {"1": "5"}, {"tax": "gross"}, 'tax is \'gross\': say "added", "included" or "none"'),
        (US, {"1": "0.001"}, {"tax": "none"}, "line 1: 0.001 is no amount here, where the smallest is 0.01"),
        (US, {"1": "-5.00"}, {"tax": "none"}, "money is -5.00: it must be above zero"),
        (US, {"1": "five"}, {"tax": "none"}, "money is 'five', which is no number"),
    ],
)
def test_words_of_a_refusal(operation: Any, wanted: Any, options: dict[str, Any], words: str) -> None:
    """What cannot be drafted is refused with what is left, or with what to add."""
    assert words in refuse(operation, wanted, **options)


@pytest.mark.parametrize("operation", [US, CANCEL, RETURN, SHOP, LEGACY, TAXCLOUD])
@pytest.mark.parametrize("order", [{}, [], "", "no JSON", b"\xff", {"id": []}, 7])
def test_what_is_no_order_is_refused(operation: Any, order: Any) -> None:
    """What is no order of the API is DraftError for a draft, and RefundNotChecked for a balance."""
    assert "the order could not be read" in refuse(operation, ALL, order)
    with pytest.raises(RefundNotChecked, match="the order could not be read"):
        balance(operation, order)


@pytest.mark.parametrize(("operation", "other"), [(US, RETURN), (RETURN, US), (SHOP, TAXCLOUD), (TAXCLOUD, SHOP)])
def test_an_order_of_another_shape_is_refused(operation: Any, other: str) -> None:
    """An order of another API, or a return where an order belongs, is refused with what was expected."""
    words = refuse(operation, ALL, order_of(other), refunds=None)
    assert "the order could not be read" in words
    assert "no get-order response" in words or "no list" in words


@pytest.mark.parametrize("wanted", [ALL, {"71": ALL}])
def test_an_unknown_history_is_refused(wanted: Any) -> None:
    """Where neither order nor list tells the earlier refunds, the list is asked for, and balance offers nothing."""
    words = "its earlier refunds are not known: give the list of them as well, an empty one if there are none"
    assert refuse(LEGACY, wanted, refunds=None) == words
    lines = balance(LEGACY, order_of(LEGACY)).lines
    assert {line.obstacle for line in lines} == {words}
    assert {account.refundable for line in lines for account in line.accounts} == {Decimal(0)}


def test_the_last_of_a_price_comes_back_with_its_tax() -> None:
    """Money that includes its tax never takes the last of a price and leaves some of its tax behind."""
    order = order_of(US)
    line = order["order"]["orderLines"]["orderLine"][0]
    (charge, _) = line["charges"]["charge"]
    charge["chargeAmount"]["amount"], charge["tax"]["taxAmount"]["amount"] = Decimal("0.01"), Decimal("0.01")
    words = 'line 1: 0.01 would refund the last of PRODUCT and leave 0.01 of its tax: say 0.02, or tax="none"'
    assert refuse(US, {"1": "0.01"}, order, tax="included") == words
    charge["chargeAmount"]["amount"] = Decimal("0.09")
    body = draft(US, order, {"1": "0.09"}, tax="included", reason="DamagedItem").request["body"]
    refunded = body["orderRefund"]["orderLines"]["orderLine"][0]["refunds"]["refund"][0]["refundCharges"]
    money = refunded["refundCharge"][0]["charge"]
    assert (money["chargeAmount"]["amount"], money["tax"]["taxAmount"]["amount"]) == (
        Decimal("-0.08"),
        Decimal("-0.01"),
    )


def test_nothing_left_of_an_order_is_refused() -> None:
    """What was drafted once cannot be drafted again."""
    refunds: list[Any] = [{"id": 1, "amount": "107.80", "line_items": []}]
    assert refuse(SHOP, ALL, refunds=refunds) == "nothing is left of the order"


def test_a_float_is_a_type_error() -> None:
    """A float is not the number that was written."""
    with pytest.raises(TypeError, match="give a text, a Decimal or an int"):
        draft(US, order_of(US), {"1": 5.0}, tax="added", reason="DamagedItem")  # type: ignore[dict-item]


@pytest.mark.parametrize("operation", ["walmart.get_order", "woocommerce.delete_refund", "walmart.nothing", ""])
def test_an_operation_without_drafts_is_refused(operation: Any) -> None:
    """An operation that refunds nothing cannot be drafted."""
    with pytest.raises(DraftError, match="is no operation that can be drafted"):
        draft(operation, order_of(US), ALL)


def test_the_return_of_a_cancelled_line_is_refused() -> None:
    """A cancelled return sends nothing back."""
    order = order_of(RETURN)
    order["returnOrders"][0]["returnOrderLines"][0]["status"] = "CANCELLED"
    assert refuse(RETURN, {"1": ALL}, order) == "line 1: its return is cancelled"
    assert refuse(RETURN, ALL, order) == "nothing of the return is left"
    assert [line.obstacle for line in balance(RETURN, order).lines] == ["its return is cancelled", ""]


def test_an_order_that_is_not_completed_is_refused() -> None:
    """TaxCloud refunds completed orders."""
    order = {**order_of(TAXCLOUD), "completedDate": None}
    assert refuse(TAXCLOUD, ALL, order) == "the order is not completed: there is nothing to refund yet"
    assert {line.obstacle for line in balance(TAXCLOUD, order).lines} == {
        "the order is not completed: there is nothing to refund yet"
    }


def test_a_draft_that_the_server_would_enlarge_is_refused() -> None:
    """The whole price of a line, without the shipping that the server would add, is refused."""
    words = "Walmart adds what is left of PRODUCT tax, SHIPPING (name them too, or refund less than the whole price)"
    assert words in refuse(US, {"1": "39.98"}, tax="none")


def untold(amount: str = "22.00") -> tuple[Any, Any]:
    """The legacy example with two lines of one product, and a refund whose server does not name the item."""
    order, refunds = order_of(LEGACY), copy.deepcopy(story(LEGACY)["refunds"])
    first, second = order["order"]["line_items"]
    second["product_id"] = first["product_id"]
    del refunds["order_refunds"][0]["line_items"][0]["refunded_item_id"]
    refunds["order_refunds"][0]["amount"] = amount
    return order, refunds


@pytest.mark.parametrize("line", ["71", "72"])
def test_an_item_that_earlier_refunds_do_not_name_is_refused(line: str) -> None:
    """Where the legacy API hides which of two like items came back, an amount of the order is asked for, and works."""
    order, refunds = untold()
    words = "the server does not tell of which item an earlier refund was: say an amount of the order"
    assert refuse(LEGACY, {line: ALL}, order, refunds=refunds) == f"line {line}: {words}"
    obstacles = {told.line: told.obstacle for told in balance(LEGACY, order, refunds).lines}
    assert obstacles == {"": "", "71": words, "72": words, "73": "", "74": ""}
    drafted = draft(LEGACY, order, amount="85.80", reason="Lid missing", refunds=refunds)
    assert drafted.request["body"]["order_refund"] == {"amount": "85.80", "reason": "Lid missing"}
    assert drafted.report.ok


def test_shipping_is_refused_where_an_earlier_refund_may_have_been_of_it() -> None:
    """A refund of more than its items may have been of shipping or a fee, which the legacy API does not tell."""
    order, refunds = untold("30.80")
    words = "the server does not tell whether an earlier refund was of shipping or a fee: say an amount of the order"
    assert refuse(LEGACY, {"73": ALL}, order, refunds=refunds) == f"line 73: {words}"
    assert refuse(LEGACY, None, order, refunds=refunds, shipping=ALL) == f"shipping: {words}"


def test_a_product_that_stands_once_needs_no_name() -> None:
    """An earlier refund of a product that stands once in the order was of that item, named or not."""
    order, refunds = untold()
    order["order"]["line_items"][1]["product_id"] = 312
    drafted = draft(LEGACY, order, {"71": ALL}, reason="Lid missing", refunds=refunds)
    assert drafted.summary == "refunds 40.00 + 4.00 tax = 44.00 USD of order 1204; 41.80 left"


def test_items_are_refused_where_only_the_sums_of_earlier_refunds_are_known() -> None:
    """WooCommerce's order tells the sums of earlier refunds: without their list only an amount can be drafted."""
    order = {**order_of(SHOP), "refunds": [{"id": 1301, "reason": "", "total": "-22.00"}]}
    words = "the items of earlier refunds are not known: give the list of all refunds, or say an amount of the order"
    assert refuse(SHOP, {"72": ALL}, order, refunds=None) == f"line 72: {words}"
    drafted = draft(SHOP, order, ALL, reason="Lid missing")
    assert drafted.summary == "refunds 85.80 USD of order 1204; 0.00 left"


def test_balance_says_why_a_line_cannot_be_refunded_or_cancelled() -> None:
    """A line that is not shipped has an obstacle for a refund, and one that is shipped has one for a cancellation."""
    order = order_of(US)
    refunded = {line.line: line.obstacle for line in balance(US, order).lines}
    assert refunded["1"] == ""
    assert refunded["2"].startswith("nothing is shipped (Acknowledged 1)")
    cancelled = {line.line: line.obstacle for line in balance(CANCEL, order).lines}
    assert cancelled["1"] == "it is shipped, so nothing of it can be cancelled"
    assert cancelled["2"] == ""
