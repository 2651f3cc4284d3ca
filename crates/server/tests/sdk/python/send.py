"""Sends one message of each kind with Segment's SDK for Python: python send.py HOST WRITE_KEY plain|gzip PREFIX."""

import sys
from datetime import datetime, timezone

from segment.analytics.client import Client

host, write_key, coding, prefix = sys.argv[1:]
failures = []
client = Client(
    write_key,
    host=host,
    gzip=coding == "gzip",
    upload_size=3,
    upload_interval=0.1,
    max_retries=2,
    on_error=lambda error, items: failures.append(f"{error} ({len(items)} messages)"),
)
user = f"{prefix}-jane"
anonymous = f"{prefix}-browser"

client.page(anonymous_id=anonymous, name="Home", message_id=f"{prefix}-page")
client.identify(
    user,
    {"email": f"{prefix}.Jane@Example.org", "name": "Jane Ünal"},
    anonymous_id=anonymous,
    message_id=f"{prefix}-identify",
)
client.track(
    user,
    "Order Completed",
    {
        "order_id": f"{prefix}-1",
        "revenue": 25.0,
        "shipping": 3,
        "tax": 2,
        "discount": 2.5,
        "subtotal": 22.5,
        "total": 27.5,
        "currency": "EUR",
        "products": [
            {"product_id": "tea", "sku": "T-1", "name": "Green tea", "price": 10, "quantity": 2},
            {"product_id": "cup", "sku": "C-1", "name": "Cup", "price": 5, "quantity": 1},
        ],
    },
    timestamp=datetime(2026, 3, 14, 15, 9, 26, 535000, tzinfo=timezone.utc),
    message_id=f"{prefix}-order",
)
client.screen(user, name="Basket", message_id=f"{prefix}-screen")
client.group(user, "club", {"name": "Tea club"}, message_id=f"{prefix}-group")
client.alias(f"{prefix}-old-jane", user, message_id=f"{prefix}-alias")
# The same message once more, as after a lost answer.
client.screen(user, name="Basket", message_id=f"{prefix}-screen")
# Without an id of ours: the SDK makes one.
client.track(user, "Product Viewed", {"product_id": "cup"})

client.shutdown()
print(failures)
sys.exit(1 if failures else 0)
