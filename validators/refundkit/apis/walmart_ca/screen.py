"""Which refunds of the older API the proof takes as fine: those of the current one, as far as this one knows them."""

from functools import partial

from ...screen import Screen, read_digests
from ..walmart.return_screen import VARYING_HEADERS
from ..walmart.screen import BODY, ORDER, fits, fits_order
from .ledger import MODEL

_RULES = read_digests("""
    RF005:644855cb RF203:88e93506 RF205:95538efa RF206:195b3302 RF207:0ebddf88 RF211:77a811c6 RF214:b1afbc31
    RF220:8d945e04 RF301:49edaa68 RF302:e0f3b40c RF303:9316715c RF310:673bfe3f RF313:637a44f7 RF321:c6bfe3e4
    RF322:3260d614 RF501:1ac5b7d3 RF502:f6de79dd RF503:a2bc3343 RF504:71dafa36 RF505:dff56fd1 RF506:b120fd17
    RF508:856a577b RF509:04e3f5e6 RF512:87ac6fc8
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
