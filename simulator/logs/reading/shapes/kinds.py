"""What other shops call our kinds of events, and which of their kinds say nothing here."""

from __future__ import annotations

import re
from collections.abc import Mapping

from db.errors import UsageError
from db.events import Kind

KINDS = {kind.name.lower(): kind for kind in Kind}
ASIDE = 0
"""The kind of an event that is known and not ours."""

_WORDS: Mapping[Kind, str] = {
    Kind.SEARCH: "search searches view_search_results products_searched query",
    Kind.VIEW: "view views viewed view_item product_viewed pageview detail product_view",
    Kind.IMPRESSION: (
        "impression impressions view_item_list product_list_viewed view_promotion exposure show"
    ),
    Kind.CLICK: "click clicks clicked select_item product_clicked",
    Kind.CART: "cart carts add_to_cart product_added add_cart cart_add basket",
    Kind.PURCHASE: "purchase purchases buy order orders transaction order_completed",
    Kind.LEAVE: "leave",
}
_OTHERS = (
    "remove_from_cart product_removed cart_remove view_cart cart_viewed begin_checkout"
    " checkout_started checkout_step_viewed checkout_step_completed add_payment_info"
    " payment_info_entered add_shipping_info add_to_wishlist product_added_to_wishlist"
    " product_removed_from_wishlist refund order_refunded order_updated order_cancelled"
    " select_promotion promotion_viewed promotion_clicked page_view session_start first_visit"
    " first_open user_engagement scroll login logout sign_up share product_shared cart_shared"
    " product_list_filtered coupon_entered coupon_applied coupon_denied coupon_removed"
    " product_reviewed file_download form_start form_submit video_start video_progress"
    " video_complete identify page screen group alias"
)


PAGES = "pageview"
"""Of a shop's own log it is a view of a product; of GA4 and Segment, of any page."""


def plain(word: str) -> str:
    """How words are compared: `Add to Cart`, `add_to_cart` and `addtocart` are one."""
    return re.sub(r"[\s_\-]+", "", word.strip().lower())


ALIASES: Mapping[str, int] = {
    **{plain(word): ASIDE for word in _OTHERS.split()},
    **{plain(word): kind for kind, words in _WORDS.items() for word in words.split()},
}


def own(pairs: Mapping[str, str]) -> dict[str, int]:
    """Kinds that a user names: theirs to ours, `ignore` sets them aside. Raises UsageError."""
    found: dict[str, int] = {}
    for theirs, ours in pairs.items():
        name = ours.strip().lower()
        if name != "ignore" and name not in KINDS:
            raise UsageError(
                f"--kinds {theirs}={ours}: wanted one of {', '.join(KINDS)}, ignore; found {ours!r}"
            )
        found[plain(theirs)] = ASIDE if name == "ignore" else KINDS[name]
    return found


def unknown(word: str) -> str:
    """What to say of a kind that nobody knows."""
    return (
        f"the kind {word[:40]!r} is unknown; known are {', '.join(KINDS)};"
        f" --kinds {word[:40]}=view says what it is"
    )
