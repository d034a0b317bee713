"""What schemathesis cannot know from the documents. CONTRIBUTING.md has the command."""

from decimal import ROUND_HALF_UP, Decimal, getcontext
from uuid import uuid4

import schemathesis

# Quantities times prices have more digits than the default of 28.
getcontext().prec = 200


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes requests that are meant to succeed keep the rules that JSON Schema cannot say."""
    if case.meta is not None and not case.meta.generation.mode.is_positive:
        return
    # A key belongs to one request.
    if case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = str(uuid4())
    operation = case.operation.definition.raw.get("operationId")
    if operation == "createPayment" and isinstance(case.body, dict):
        add_up(case.body)
    # `to` must not be before `from`.
    if operation == "listEvents" and case.query and "from" in case.query:
        case.query.pop("to", None)


def add_up(payment):
    """`amount` is the sum of the lines with tax, rounded once for each rate. Of lines with more than that, the API tells."""
    if not all(is_plain(line) for line in payment.get("lines") or []):
        return
    net_by_rate = {}
    for line in payment.get("lines") or []:
        rate = Decimal(line["taxRate"])
        net_by_rate[rate] = net_by_rate.get(rate, 0) + line["quantity"] * line["unitAmount"]
    total = sum(
        net + int((net * rate / 100).quantize(Decimal(1), ROUND_HALF_UP)) for rate, net in net_by_rate.items()
    )
    if 1 <= total <= 999_999_999_999:
        payment["amount"] = total
    else:
        payment.pop("lines", None)


def is_plain(line):
    of_integers = isinstance(line["quantity"], int) and isinstance(line["unitAmount"], int)
    return of_integers and set(line) == {"description", "quantity", "unitAmount", "taxRate"}
