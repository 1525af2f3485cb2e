"""Which refunds of the older API the proof takes as fine: those of the current one, as far as this one knows them."""

from functools import partial

from ...screen import Screen, read_digests
from ..walmart.return_screen import VARYING_HEADERS
from ..walmart.screen import BODY, ORDER, fits, fits_order
from .ledger import MODEL

_RULES = read_digests("""
    RF005:32103d02 RF203:0e79c4ba RF205:a186f308 RF206:1f18df9d RF207:23a7752d RF211:10946b2c RF214:c6f9e173
    RF220:a3558feb RF301:25d4227b RF302:2f3fc221 RF303:cbaa0962 RF310:85d7c06c RF313:5e9d613f RF321:9ac67472
    RF322:412a438a RF501:c01ac73c RF502:da765f28 RF503:6cf60ffb RF504:d65c9120 RF505:f7698e50 RF506:81c71659
    RF508:a469c774 RF509:8c505b19 RF512:4314d289
""")
SCREENS = {
    "refund_order_lines": Screen(
        rules=_RULES,
        body=BODY,
        fits=fits,
        order=ORDER,
        fits_order=partial(fits_order, model=MODEL),
        varying_headers=VARYING_HEADERS,
    )
}
