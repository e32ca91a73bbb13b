"""``paidsync listen``: hears webhooks, records them, and has somebody act on them."""
