"""The ledger once more, slow and obvious: fractions and plain dicts, and not a line of the package.

Each class holds one order and what came back of it. `find` says which caps a request breaks, as (code, pointer), and
`make` counts the request as made, with what the server adds by itself.
"""

from __future__ import annotations

import copy
import math
from fractions import Fraction
from typing import Any

Findings = set[tuple[str, str]]
Sums = dict[Any, Fraction]
NOTHING = Fraction(0)
MINOR_UNIT = Fraction(1, 100)


def size(number: Any) -> Fraction:
    """A number by its size, whatever its sign."""
    return abs(Fraction(number))


# Walmart.

_MINOR_UNITS = {"USD": MINOR_UNIT, "JPY": Fraction(1), "KWD": Fraction(1, 1000)}
_SHIPPED = {
    "walmart": ("shipped", "delivered", "refund"),
    "walmart_ca": ("shipped", "refund"),
}


def _pieces(line: Any, *statuses: str) -> Fraction:
    """How many pieces of an order's line are in one of these statuses."""
    entries = line["orderLineStatuses"]["orderLineStatus"]
    return sum(
        (Fraction(each["statusQuantity"]["amount"]) for each in entries if each["status"].lower() in statuses), NOTHING
    )


def _tax(charge: Any, *, by_size: bool) -> Fraction:
    """The tax of a charge: `tax` counts where it is there, else the sum of `taxDetails`."""
    taxes = [charge["tax"]] if charge.get("tax") else charge.get("taxDetails", [])
    amounts = [Fraction(tax["taxAmount"]["amount"]) for tax in taxes]
    return sum((abs(amount) if by_size else amount for amount in amounts), NOTHING)


class Walmart:
    """`back` and `tax_back` hold what came back, by line number and charge type; `cancelled` what a batch cancels."""

    def __init__(self, order: Any) -> None:
        self.lines = {line["lineNumber"]: line for line in order["order"]["orderLines"]["orderLine"]}
        self.charged: Sums = {}
        self.tax_charged: Sums = {}
        for number, line in self.lines.items():
            for charge in line["charges"]["charge"]:
                account = (number, charge["chargeType"].upper())
                amount, tax = Fraction(charge["chargeAmount"]["amount"]), _tax(charge, by_size=False)
                if charge.get("isDiscount") is True or amount < 0:  # lowers what was charged
                    amount, tax = -abs(amount), -abs(tax)
                self.charged[account] = self.charged.get(account, NOTHING) + amount
                self.tax_charged[account] = self.tax_charged.get(account, NOTHING) + tax
        currencies = [
            charge["chargeAmount"]["currency"] for line in self.lines.values() for charge in line["charges"]["charge"]
        ]
        self.minor_unit = _MINOR_UNITS[currencies[0] if currencies else "USD"]
        self.back: Sums = {}
        self.tax_back: Sums = {}
        self.cancelled: Sums = {}

    def read_order(self) -> None:
        """Count the refunds that the order's own lines tell of."""
        for number, line in self.lines.items():
            for entry in line.get("refund", {}).get("refundCharges", {}).get("refundCharge", []):
                charge = entry["charge"]
                account = (number, charge["chargeType"].upper())
                self._give_back(account, size(charge["chargeAmount"]["amount"]), _tax(charge, by_size=True))

    def merge(self, other: Walmart) -> None:
        """Of two tellings of the history the larger counts, account by account."""
        for mine, theirs in ((self.back, other.back), (self.tax_back, other.tax_back)):
            for account, amount in theirs.items():
                mine[account] = max(mine.get(account, NOTHING), amount)

    def find(self, operation: str, body: Any, _path: Any) -> Findings:
        """The caps that a refund or a cancellation breaks."""
        if operation.endswith("cancel_order_lines"):
            return self._find_cancellation(body)
        now = self._read(body)
        found: Findings = set()
        shipped_statuses = _SHIPPED[operation.partition(".")[0]]
        for number, pointer in now["lines"].items():
            if number not in self.lines:
                found.add(("RF301", pointer))
                continue
            line = self.lines[number]
            shipped = _pieces(line, *shipped_statuses)
            if not shipped:
                found.add(("RF302", pointer))
            account = (number, "PRODUCT")
            bought = Fraction(line["orderLineQuantity"]["amount"]) - _pieces(line, "cancelled")
            if account in now["at"] and 0 < shipped < bought:
                refunded = self.back.get(account, NOTHING) + now["amounts"][account]
                if refunded - self.minor_unit > self.charged.get(account, NOTHING) * shipped / bought:
                    found.add(("RF313", now["at"][account]))
            if number in now["unnamed_full"] and self._is_spent(number, now["amounts"]):
                found.add(("RF203", now["unnamed_full"][number]))
        for account, pointer in now["at"].items():
            amount, tax = now["amounts"][account], now["taxes"][account]
            left, tax_left = self._left(account), self._tax_left(account)
            if 0 < amount > left:
                found.add(("RF203", pointer))
            if 0 < tax > tax_left:  # a minor unit more may be two halves, each rounded up
                code = "RF207" if tax - tax_left > self.minor_unit else "RF220"
                found.add((code, now["tax_at"].get(account, pointer)))
            is_taxed = self.tax_charged.get(account, NOTHING) > 0
            if (
                is_taxed
                and 0 < amount == left
                and tax_left - tax > self.minor_unit / 2
                and account[0] not in now["full"]
            ):
                found.add(("RF214", pointer))
        return found

    def make(self, operation: str, body: Any, _path: Any) -> None:
        """Count the request, and what Walmart adds: a line marked full, or of which the whole product charge is given
        back at once, goes back whole."""
        if operation.endswith("cancel_order_lines"):
            for number, (pieces, _, _) in self._read_cancellation(body).items():
                self.cancelled[number] = self.cancelled.get(number, NOTHING) + pieces
            return
        now = self._read(body)
        for account in now["at"]:
            self._give_back(account, now["amounts"][account], now["taxes"][account])
        for number in now["lines"]:
            product = (number, "PRODUCT")
            is_upgraded = 0 < now["amounts"].get(product, NOTHING) == self.charged.get(product, NOTHING)
            if number in now["full"] or is_upgraded:
                for account in self.charged:
                    if account[0] == number:
                        left, tax_left = self._left(account), self._tax_left(account)
                        self._give_back(account, max(left, NOTHING), max(tax_left, NOTHING))

    def _read(self, body: Any) -> dict[str, Any]:
        """What a refund gives back by account, and where it says so; lines that the order lacks have no account."""
        now: dict[str, Any] = {name: {} for name in ("lines", "amounts", "taxes", "at", "tax_at", "unnamed_full")}
        now["full"] = set()
        unnamed = []
        for i, line in enumerate(body["orderRefund"]["orderLines"]["orderLine"]):
            number, place = line["lineNumber"], f"/orderRefund/orderLines/orderLine/{i}"
            now["lines"].setdefault(number, f"{place}/lineNumber")
            is_unnamed = True
            for j, refund in enumerate(line["refunds"]["refund"]):
                for k, entry in enumerate(refund["refundCharges"].get("refundCharge", [])):
                    is_unnamed = False
                    if number in self.lines:
                        where = f"{place}/refunds/refund/{j}/refundCharges/refundCharge/{k}/charge"
                        self._read_charge(now, number, entry["charge"], where)
            if line.get("isFullRefund") is True:
                now["full"].add(number)
                if is_unnamed and number in self.lines:
                    unnamed.append((number, f"{place}/isFullRefund"))
        for number, pointer in unnamed:  # all that is left, after all that is named
            now["unnamed_full"].setdefault(number, pointer)
            for account in {**self.charged, **self.back}:
                if account[0] == number:
                    now["at"].setdefault(account, pointer)
                    amount, tax = now["amounts"].get(account, NOTHING), now["taxes"].get(account, NOTHING)
                    now["amounts"][account] = max(self._left(account), amount)
                    now["taxes"][account] = max(self._tax_left(account), tax)
        return now

    @staticmethod
    def _read_charge(now: dict[str, Any], number: str, charge: Any, where: str) -> None:
        account = (number, charge["chargeType"].upper())
        now["amounts"][account] = now["amounts"].get(account, NOTHING) + size(charge["chargeAmount"]["amount"])
        now["taxes"][account] = now["taxes"].get(account, NOTHING) + _tax(charge, by_size=True)
        now["at"][account] = f"{where}/chargeAmount/amount"
        if charge.get("tax"):
            now["tax_at"][account] = f"{where}/tax/taxAmount/amount"
        elif charge.get("taxDetails"):
            now["tax_at"][account] = f"{where}/taxDetails"

    def _is_spent(self, number: str, amounts: Sums) -> bool:
        """Whether something of a line came back before, nothing is left of it, and this refund names no amount."""
        accounts = {account for account in (*self.charged, *self.back) if account[0] == number}
        came_back = any(self.back.get(account) or self.tax_back.get(account) for account in accounts)
        is_left = any(self._left(account) > 0 or self._tax_left(account) > 0 for account in accounts)
        return came_back and not is_left and not any(amounts[account] for account in amounts if account[0] == number)

    def _find_cancellation(self, body: Any) -> Findings:
        found: Findings = set()
        for number, (pieces, pointer, last) in self._read_cancellation(body).items():
            if number not in self.lines:
                found.add(("RF301", pointer))
                continue
            line = self.lines[number]
            is_gone = _pieces(line, "shipped", "delivered", "refund", "cancelled")
            is_open = Fraction(line["orderLineQuantity"]["amount"]) - is_gone - self.cancelled.get(number, NOTHING)
            if is_open <= 0:
                found.add(("RF304", pointer))
            elif pieces > is_open:
                found.add(("RF403", last))
        return found

    @staticmethod
    def _read_cancellation(body: Any) -> dict[str, tuple[Fraction, str, str]]:
        """By line: how many pieces, where the line is named first, and where the last of the pieces stand."""
        read: dict[str, tuple[Fraction, str, str]] = {}
        for i, line in enumerate(body["orderCancellation"]["orderLines"]["orderLine"]):
            place = f"/orderCancellation/orderLines/orderLine/{i}"
            for j, status in enumerate(line["orderLineStatuses"]["orderLineStatus"]):
                pieces, first, _ = read.get(line["lineNumber"], (NOTHING, f"{place}/lineNumber", ""))
                pieces += Fraction(status["statusQuantity"]["amount"])
                last = f"{place}/orderLineStatuses/orderLineStatus/{j}/statusQuantity/amount"
                read[line["lineNumber"]] = (pieces, first, last)
        return read

    def _give_back(self, account: Any, amount: Fraction, tax: Fraction) -> None:
        self.back[account] = self.back.get(account, NOTHING) + amount
        self.tax_back[account] = self.tax_back.get(account, NOTHING) + tax

    def _left(self, account: Any) -> Fraction:
        return self.charged.get(account, NOTHING) - self.back.get(account, NOTHING)

    def _tax_left(self, account: Any) -> Fraction:
        return self.tax_charged.get(account, NOTHING) - self.tax_back.get(account, NOTHING)


class WalmartReturn:
    """A return: `back` holds the refunded pieces by line number."""

    def __init__(self, answer: Any) -> None:
        (returned,) = answer["returnOrders"]
        self.lines = {line["returnOrderLineNumber"]: line for line in returned["returnOrderLines"]}
        self.back: Sums = {}

    def read_order(self) -> None:
        """Count the pieces that the return's own lines tell of."""
        for number, line in self.lines.items():
            self.back[number] = size(line["refundedQty"]["measurementValue"]) if "refundedQty" in line else NOTHING

    def find(self, _operation: str, body: Any, _path: Any) -> Findings:
        """The caps that a refund of the return breaks."""
        found: Findings = set()
        pieces, first, last = self._read(body)
        for number, pointer in first.items():
            if number not in self.lines:
                found.add(("RF301", pointer))
                continue
            left = max(self._left(number), NOTHING)
            if self.lines[number].get("status") == "CANCELLED" or not left:
                found.add(("RF327", pointer))
            if pieces[number] > left + _SPARE:
                found.add(("RF401", last[number]))
        return found

    def make(self, _operation: str, body: Any, _path: Any) -> None:
        """Count the pieces of the request."""
        for number, pieces in self._read(body)[0].items():
            self.back[number] = self.back.get(number, NOTHING) + pieces

    def _read(self, body: Any) -> tuple[Sums, dict[Any, str], dict[Any, str]]:
        """By line: how many pieces, where the line is named first, and where the last of the pieces stand."""
        pieces: Sums = {}
        first: dict[Any, str] = {}
        last: dict[Any, str] = {}
        for index, line in enumerate(body["refundLines"]):
            number = line["returnOrderLineNumber"]
            first.setdefault(number, f"/refundLines/{index}/returnOrderLineNumber")
            pieces.setdefault(number, NOTHING)
            if "quantity" in line:
                pieces[number] += size(line["quantity"]["measurementValue"])
                last[number] = f"/refundLines/{index}/quantity/measurementValue"
        for line in body["refundLines"]:  # all that is left, after all that is named
            number = line["returnOrderLineNumber"]
            if "quantity" not in line and number in self.lines:
                pieces[number] = max(pieces[number], self._left(number))
        return {number: amount for number, amount in pieces.items() if number in self.lines}, first, last

    def _left(self, number: Any) -> Fraction:
        return Fraction(self.lines[number]["quantity"]["measurementValue"]) - self.back.get(number, NOTHING)


# WooCommerce.


_DECIMALS = {"USD": 2, "JPY": 0, "KWD": 3}


def _half_shown_unit(shown: str, decimals: int) -> Fraction:
    """How far the real amount may be from one that is shown with fewer decimals than it has."""
    places = len(shown.partition(".")[2])
    return Fraction(1, 2 * 10**places) if shown and places < decimals else NOTHING


class WooCommerce:
    """`refunds` are those in force: id, amount, and of each item its money, tax and pieces; `slack` is how far each
    amount may be from what is shown. `taxed` is what an item was taxed, `tax_charged` only what is its own for sure."""

    def __init__(self, order: Any) -> None:
        shop_order = order["order"]
        self.decimals = _DECIMALS[shop_order["currency"]]
        self.total, self.slack = Fraction(shop_order["total"]), _half_shown_unit(shop_order["total"], self.decimals)
        self.charged: Sums = {}
        self.taxed: Sums = {}
        self.tax_charged: Sums = {}
        self.ordered: Sums = {}
        self.item_slack: Sums = {}
        self.rates = (
            None if shop_order.get("tax_lines") is None else {str(r["rate_id"]) for r in shop_order["tax_lines"]}
        )
        for name in ("line_items", "shipping_lines", "fee_lines"):
            for item in shop_order[name]:
                key = str(item["id"])
                is_shared = name == "shipping_lines" and len(shop_order[name]) > 1
                self.charged[key] = Fraction(item["total"])
                self.taxed[key] = Fraction(shop_order["shipping_tax"] if "total_tax" not in item else item["total_tax"])
                self.tax_charged[key] = NOTHING if is_shared else self.taxed[key]
                self.item_slack[key] = _half_shown_unit(item["total"], self.decimals)
                if name == "line_items":
                    self.ordered[key] = Fraction(item["quantity"])
        products = [item["product_id"] for item in shop_order["line_items"]]
        self.item_of_product = {
            item["product_id"]: str(item["id"])
            for item in shop_order["line_items"]
            if products.count(item["product_id"]) == 1
        }
        self.refunds: list[dict[str, Any]] = []
        self.gone: set[str] = set()

    def read_list(self, told: Any) -> None:
        """Count the refunds of a list as the shop tells them, by their size."""
        for refund in told["order_refunds"]:
            items: dict[str, Any] = {}
            for item in refund.get("line_items", []):
                key = str(item["refunded_item_id"] or self.item_of_product.get(item.get("product_id"), ""))
                entry = items.setdefault(key, dict.fromkeys(("money", "tax", "pieces", "slack"), NOTHING))
                entry["pieces"] += size(item["quantity"])
                if item["refunded_item_id"]:
                    entry["money"] += size(item["total"])
                    entry["tax"] += size(item["total_tax"])
                    entry["slack"] += _half_shown_unit(item["total"], 3)
            amount, slack = size(refund["amount"] or 0), _half_shown_unit(refund["amount"], 3)
            self.refunds.append({"id": str(refund["id"]), "amount": amount, "slack": slack, "items": items})

    def _rounding(self, own: Fraction, earlier: list[Any]) -> Fraction:
        """How far the shown amounts of an order or a line may be from the real ones, those of earlier refunds too."""
        if self.decimals > 2 or own:
            return own + sum((each["slack"] for each in earlier), NOTHING)
        return NOTHING

    def find(self, operation: str, body: Any, path: Any) -> Findings:
        """The caps that a create or an update breaks; a delete breaks none."""
        if body is None:
            return set()
        refund = body["order_refund"]
        found: Findings = set()
        amount = size(refund.get("amount", 0))
        replaced = self._named(path.get("refund_id", "")) if operation.endswith("update_refund") and amount else None
        others = [each for each in self.refunds if each is not replaced]
        left, rounding = (
            self.total - sum((each["amount"] for each in others), NOTHING),
            self._rounding(self.slack, others),
        )
        if amount > left + rounding and (amount or operation.endswith("create_refund")):
            found.add(("RF204", "/order_refund/amount"))
        elif amount and rounding and amount >= left - rounding:
            found.add(("RF221", "/order_refund/amount"))
        if operation.endswith("create_refund"):
            for key, item in refund.get("line_items", {}).items():
                found |= self._find_item(key, item)
        return found

    def _find_item(self, key: str, item: Any) -> Findings:
        pointer = f"/order_refund/line_items/{key}"
        if key not in self.charged:
            return {("RF301", pointer)}
        found: Findings = set()
        earlier = [refund["items"][key] for refund in self.refunds if key in refund["items"]]
        rounding = self._rounding(self.item_slack[key], earlier)
        money = Fraction(item.get("refund_total", 0))
        taxes = {rate: Fraction(tax) for rate, tax in dict(item.get("refund_tax") or {}).items()}
        charged, back = self.charged[key], sum((size(each["money"]) for each in earlier), NOTHING)
        sign = 1 if charged >= 0 else -1  # a fee below zero goes back below zero
        if sign * money < 0 or 0 < sign * money > abs(charged) - back + rounding:
            found.add(("RF213", f"{pointer}/refund_total"))
        tax_left = self.tax_charged[key] - sum((each["tax"] for each in earlier), NOTHING)
        left_out = tax_left - sum(taxes.values(), NOTHING) - rounding
        if self.tax_charged[key] > 0 and 0 < money == charged - back and left_out > Fraction(1, 2 * 10**self.decimals):
            found.add(("RF214", f"{pointer}/refund_total"))
        for rate, tax in taxes.items() if self.rates is not None else ():
            taxed = self.taxed[key] if rate in (self.rates or ()) else NOTHING
            tax_sign = 1 if taxed >= 0 else -1
            if tax_sign * tax < 0 or 0 < tax_sign * tax > _round_up(abs(taxed), self.decimals) + rounding:
                found.add(("RF218", f"{pointer}/refund_tax/{rate}"))
        if "qty" in item and key in self.ordered:
            pieces = sum((each["pieces"] for each in earlier), NOTHING)
            now = size(item["qty"])
            if now % 1 or 0 < now > self.ordered[key] - pieces:
                found.add(("RF404", f"{pointer}/qty"))
        return found

    def make(self, operation: str, body: Any, path: Any) -> None:
        """Count a create, an update or a delete as made."""
        name = path.get("refund_id", "")
        if body is None:
            refund = self._named(name)
            if refund is not None:
                self.refunds.remove(refund)
                self.gone.add(name)
        elif operation.endswith("update_refund"):
            amount = size(body["order_refund"].get("amount", 0))
            refund = self._named(name)
            if amount and refund is None:
                self.refunds.append({"id": name, "amount": amount, "slack": NOTHING, "items": {}})
            elif amount and refund is not None:
                refund |= {"id": name, "amount": amount, "slack": NOTHING}
        else:
            items = {
                key: {
                    "money": Fraction(item.get("refund_total", 0)),
                    "tax": size(sum(map(Fraction, dict(item.get("refund_tax") or {}).values()), NOTHING)),
                    "pieces": size(item.get("qty", 0)),
                    "slack": NOTHING,
                }
                for key, item in body["order_refund"].get("line_items", {}).items()
                if key in self.charged
            }
            amount = size(body["order_refund"]["amount"])
            self.refunds.append({"id": "", "amount": amount, "slack": NOTHING, "items": items})

    def _named(self, name: str) -> dict[str, Any] | None:
        """The refund of an id; of an unknown id the largest without one, first among equals; of none the largest."""
        for refund in self.refunds:
            if name and refund["id"] == name:
                return refund
        if name in self.gone:
            return None
        nameless = [refund for refund in self.refunds if not (name and refund["id"])]
        return max(nameless, key=lambda refund: refund["amount"], default=None)


class CurrentWooCommerce(WooCommerce):
    """wc/v3: the order tells the sums of its refunds, the list their items. `rates` is what an item was taxed by each
    rate, None where the order does not tell."""

    def __init__(self, order: Any) -> None:
        self.order = order
        self.total = Fraction(order["total"])
        self.minor_unit = Fraction(1, 10 ** _DECIMALS[order["currency"]])
        self.decimals = len(order["total"].partition(".")[2])  # the shop's own
        self.items = {str(item["id"]): item for name in _ITEM_LISTS for item in order[name]}
        self.ordered = {str(item["id"]): Fraction(item["quantity"]) for item in order["line_items"]}
        self.refunds: list[dict[str, Any]] = []
        self.gone: set[str] = set()

    def read(self, told: Any, *, reads_order: bool) -> None:
        """Count the refunds of the order and of a list: of each item, and of the order, the larger sum."""
        listed = [self._listed(refund) for refund in told or ()]
        by_id = {refund["id"]: refund for refund in listed}
        sums = self.order.get("refunds", ()) if reads_order else ()
        in_order = [
            copy.deepcopy(
                by_id.get(str(each["id"]), {"id": str(each["id"]), "amount": size(each["total"]), "items": {}})
            )
            for each in sums
        ]
        self.gone = {refund["id"] for refund in (*listed, *in_order)}  # where it is in none of the refunds in force
        self.refunds, others = (listed, in_order) if len(listed) >= len(in_order) else (in_order, listed)
        more: dict[str, Any] = {"id": "", "amount": max(_amount(others) - _amount(self.refunds), NOTHING), "items": {}}
        for key in self.items:
            mine, theirs = _back(self.refunds, key), _back(others, key)
            difference = {name: max(theirs[name] - mine[name], NOTHING) for name in mine}
            if any(difference.values()):
                more["items"][key] = difference
        if more["amount"] or more["items"]:
            self.refunds.append(more)

    def _listed(self, refund: Any) -> dict[str, Any]:
        """A refund as the shop lists it, its sums and pieces turned round."""
        items: dict[str, Any] = {}
        for item in [item for name in _ITEM_LISTS for item in refund.get(name, ())]:
            keys = [entry["value"] for entry in item["meta_data"] if entry["key"] == "_refunded_item_id"]
            if keys and str(keys[0]) in self.items:
                entry = items.setdefault(str(keys[0]), dict.fromkeys(_COUNTED, NOTHING))
                entry["money"] -= Fraction(item["total"])
                entry["tax"] -= Fraction(item["total_tax"])
                entry["pieces"] += size(item.get("quantity", 0))
        return {"id": str(refund["id"]), "amount": size(refund["amount"] or 0), "items": items}

    def find(self, operation: str, body: Any, _path: Any) -> Findings:
        """The caps that a create breaks; a delete breaks none."""
        if body is None:
            return set()
        found: Findings = set()
        amount, pointer = self._read_amount(body)
        if amount is not None and amount > self.total - _amount(self.refunds):
            found.add(("RF204", pointer))
        for key, item in self._read_items(body).items():
            found |= self._find_of_item(key, item) if key in self.items else {("RF301", item["at"])}
        return found

    def _find_of_item(self, key: str, item: Any) -> Findings:
        found: Findings = set()
        back, ordered = _back(self.refunds, key), self.items[key]
        charged, taxed = Fraction(ordered["total"]), Fraction(ordered.get("total_tax", 0))
        sign = 1 if charged >= 0 else -1  # a fee below zero goes back below zero
        left, tax_left = charged - sign * back["money"], taxed - back["tax"]
        if "money" in item:
            if _is_beyond(item["money"], charged, sign * left):
                found.add(("RF213", item["money_at"]))
            is_rest = 0 < item["money"] == left
            left_out = tax_left - sum((tax for tax, _ in item["taxes"].values()), NOTHING)
            if is_rest and taxed > 0 and left_out > self.minor_unit / 2:
                found.add(("RF214", item["money_at"]))
        rates = None
        if "taxes" in ordered:
            rates = {str(tax["id"]): Fraction(tax["total"]) for tax in ordered["taxes"]}
        for rate, (tax, pointer) in item["taxes"].items() if rates is not None else ():
            by_rate = rates.get(rate, NOTHING) if rates is not None else NOTHING
            if _is_beyond(tax, by_rate, _round_up(abs(by_rate), self.decimals)):
                found.add(("RF218", pointer))
        if "pieces" in item and key in self.ordered and 0 < item["pieces"] > self.ordered[key] - back["pieces"]:
            found.add(("RF404", item["pieces_at"]))
        return found

    def make(self, operation: str, body: Any, path: Any) -> None:
        """Count a create or a delete as made."""
        if body is None:
            super().make(operation, body, path)
            return
        items = {}
        for key, item in self._read_items(body).items():
            if key in self.items and ("money" in item or item["taxes"] or "pieces" in item):
                tax = sum((tax for tax, _ in item["taxes"].values()), NOTHING)
                items[key] = {"money": item.get("money", NOTHING), "tax": tax, "pieces": item.get("pieces", NOTHING)}
        amount = self._read_amount(body)[0]
        if amount is not None or items:
            self.refunds.append({"id": "", "amount": amount or NOTHING, "items": items})

    def _read_amount(self, body: Any) -> tuple[Fraction | None, str]:
        """The amount, and where it is told; without one the sum of the items, if each says its money."""
        if "amount" in body:
            return size(body["amount"]), "/amount"
        items = self._read_items(body).values()
        if not items or not all("money" in item for item in items):
            return None, ""
        sums = [item["money"] + sum((tax for tax, _ in item["taxes"].values()), NOTHING) for item in items]
        return abs(sum(sums, NOTHING)), "/line_items"

    @staticmethod
    def _read_items(body: Any) -> dict[str, dict[str, Any]]:
        """The items by their ids, of a list or an object; of one that stands twice the last. Where the server is to
        compute the money, an item has none."""
        asked = body.get("line_items", [])
        entries = enumerate(asked) if isinstance(asked, list) else asked.items()
        read: dict[str, dict[str, Any]] = {}
        for place, entry in entries:
            pointer, word = f"/line_items/{place}", "quantity" if isinstance(asked, list) else "qty"
            item: dict[str, Any] = {"at": pointer, "taxes": {}}
            is_computed = body.get("compute_totals") is True
            if "refund_total" in entry and not is_computed:
                item |= {"money": Fraction(entry["refund_total"]), "money_at": f"{pointer}/refund_total"}
            taxes = {} if is_computed else entry.get("refund_tax", {})
            if isinstance(taxes, list):
                told = [(tax["id"], tax["refund_total"], f"{n}/refund_total") for n, tax in enumerate(taxes)]
            else:
                told = [(rate, tax, rate) for rate, tax in taxes.items()]
            for rate, tax, where in told:
                before = item["taxes"].get(str(rate), (NOTHING, ""))[0]
                item["taxes"][str(rate)] = (before + Fraction(tax), f"{pointer}/refund_tax/{where}")
            if word in entry:
                item |= {"pieces": size(entry[word]), "pieces_at": f"{pointer}/{word}"}
            read[str(entry["id"] if isinstance(asked, list) else place)] = item
        return read


_ITEM_LISTS = ("line_items", "shipping_lines", "fee_lines")
_COUNTED = ("money", "tax", "pieces")


def _amount(refunds: list[Any]) -> Fraction:
    return sum((refund["amount"] for refund in refunds), NOTHING)


def _back(refunds: list[Any], key: str) -> Sums:
    """What came back of an item, each refund by its size."""
    entries = [refund["items"][key] for refund in refunds if key in refund["items"]]
    return {name: sum((size(entry[name]) for entry in entries), NOTHING) for name in _COUNTED}


def _round_up(amount: Fraction, decimals: int) -> Fraction:
    """The amount in whole units of so many decimals: a shop computes taxes with more than it can refund."""
    return Fraction(math.ceil(amount * 10**decimals), 10**decimals)


def _is_beyond(now: Fraction, charged: Fraction, left: Fraction) -> bool:
    """Whether money goes beyond what is left, or has another sign than what was charged."""
    sign = 1 if charged >= 0 else -1
    return sign * now < 0 or 0 < sign * now > left


# TaxCloud.

_SPARE = Fraction(1, 10**9)


class TaxCloud:
    """`ordered` holds pieces by item, and by (item, index) of an item on several lines; `refunds` what came back."""

    def __init__(self, order: Any) -> None:
        self.places: dict[str, dict[int, Fraction]] = {}
        for line in order["lineItems"]:
            self.places.setdefault(line["itemId"], {})[line["index"]] = Fraction(line["quantity"])
        self.ordered: Sums = {item: sum(places.values(), NOTHING) for item, places in self.places.items()}
        for item, places in self.places.items():
            if len(places) > 1:
                self.ordered |= {(item, index): quantity for index, quantity in places.items()}
        self.refunds: list[dict[str, Any]] = []
        self.told = 0

    def read_list(self, told: Any) -> None:
        """Count earlier refunds as TaxCloud tells them."""
        self.told = len(told)
        for refund in told:
            sums = self._sums([(item["itemId"], item.get("index"), item["quantity"]) for item in refund["items"]])
            key = refund.get("idempotencyKey")
            if not any(key and earlier["key"] == key and earlier["sums"] == sums for earlier in self.refunds):
                self._add(key, sums, _by_item(refund["items"]))

    def merge(self, other: TaxCloud) -> None:
        """Of two tellings of the history the larger counts, account by account; the longer one tells the keys."""
        longer, shorter = (other, self) if other.told >= self.told else (self, other)
        mine, theirs = longer._back(), shorter._back()
        more = {account: pieces - mine.get(account, NOTHING) for account, pieces in theirs.items()}
        refunds = [*longer.refunds, {"key": None, "sums": {}, "named": {}}]
        refunds[-1]["sums"] = {account: pieces for account, pieces in more.items() if pieces > 0}
        self.refunds = refunds

    def find(self, _operation: str, body: Any, _path: Any) -> Findings:
        """The caps that a refund breaks."""
        found: Findings = self.find_without_order(body)
        before, now, _ = self._resolve(body)
        if not body.get("items"):
            if any(pieces for account, pieces in before.items() if isinstance(account, str)):
                found.add(("RF405", "/items" if "items" in body else ""))
            return found
        at: dict[Any, str] = {}
        for position, item in enumerate(body["items"]):
            name, index, place = item["itemId"], item.get("cartItemIndex"), f"/items/{position}"
            if name not in self.places and not any(item["itemId"] == name for item in body["items"][:position]):
                found.add(("RF301", f"{place}/itemId"))
            indexes = {each for places in self.places.values() for each in places}
            is_first = not any(each.get("cartItemIndex") == index for each in body["items"][:position])
            if index is not None and index not in indexes and is_first:
                found.add(("RF301", f"{place}/cartItemIndex"))
            at.setdefault(name, f"{place}/quantity")
            if index is not None:
                at.setdefault((name, index), f"{place}/quantity")
        beyond = {
            account
            for account, pieces in now.items()
            if pieces > 0 and pieces > self.ordered[account] - before.get(account, NOTHING) + _SPARE
        }
        for account in beyond:
            is_told_by_a_part = any(isinstance(each, tuple) and each[0] == account for each in beyond)
            if not is_told_by_a_part:
                found.add(("RF401", at[account]))
        return found

    def find_without_order(self, body: Any) -> Findings:
        """A key of an earlier refund of other items: RF406 needs no order."""
        key = body.get("idempotencyKey")
        if not key or not body.get("items"):
            return set()
        named = _by_item(body["items"])
        is_other = any(refund["key"] == key and refund["named"] != named for refund in self.refunds)
        return {("RF406", "/idempotencyKey")} if is_other else set()

    def make(self, _operation: str, body: Any, _path: Any) -> None:
        """Count the refund as made; one that repeats another under its key counts once."""
        _, now, is_replay = self._resolve(body)
        if is_replay:
            return
        named = _by_item(body.get("items", []))
        if not named:
            named = {account: pieces for account, pieces in now.items() if isinstance(account, str)}
        self._add(body.get("idempotencyKey"), now, named)

    def left(self) -> Sums:
        """What is left of each item, and of each of its places."""
        back = self._back()
        return {account: max(pieces - back.get(account, NOTHING), NOTHING) for account, pieces in self.ordered.items()}

    def _resolve(self, body: Any) -> tuple[Sums, Sums, bool]:
        """What came back before, what this refund gives back, and whether it repeats another, which is left out."""
        key = body.get("idempotencyKey")
        for older in [refund for refund in self.refunds if key and refund["key"] == key]:
            without = copy.copy(self)
            without.refunds = [refund for refund in self.refunds if refund is not older]
            now = without._named_pieces(body)
            if now == older["sums"]:
                return without._back(), now, True
        return self._back(), self._named_pieces(body), False

    def _named_pieces(self, body: Any) -> Sums:
        if body.get("items"):
            return self._sums([(item["itemId"], item.get("cartItemIndex"), item["quantity"]) for item in body["items"]])
        return {account: pieces for account, pieces in self.left().items() if pieces}

    def _sums(self, pieces: list[tuple[str, int | None, Any]]) -> Sums:
        sums: Sums = {}
        for item, index, quantity in pieces:
            for account in (item, (item, index)):
                if account in self.ordered and size(quantity):
                    sums[account] = sums.get(account, NOTHING) + size(quantity)
        return sums

    def _back(self) -> Sums:
        back: Sums = {}
        for refund in self.refunds:
            for account, pieces in refund["sums"].items():
                back[account] = back.get(account, NOTHING) + pieces
        return back

    def _add(self, key: str | None, sums: Sums, named: Sums) -> None:
        self.refunds.append({"key": key, "sums": sums, "named": named})


def _by_item(items: Any) -> Sums:
    """The pieces of each item, entries of one item together."""
    named: Sums = {}
    for item in items:
        named[item["itemId"]] = named.get(item["itemId"], NOTHING) + size(item["quantity"])
    return {item: pieces for item, pieces in named.items() if pieces}
