"""No part of a password stands in an address that is shown."""

from __future__ import annotations

import pytest

from workers.addresses import without_secrets


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("redis://queue:6379/0", "redis://queue:6379/0"),
        ("redis://me:geheim@queue:6379/0", "...@queue:6379/0"),
        ("redis://:ge@heim@queue:6379/0", "...@queue:6379/0"),
        ("redis://:ge?heim@queue:6379/0?db=1", "redis://..."),
        ("redis://queue/0?password=geheim&db=1", "redis://queue/0?password=***&db=1"),
        ("redis://me:geheim@queue/0?ssl_keyfile=geheim", "...@queue/0?ssl_keyfile=***"),
        ("unix:///run/geh/valkey.sock?PASSWORD=geheim", "unix:///run/geh/valkey.sock?PASSWORD=***"),
        ("redis://queue/0?password=ge@heim", "redis://..."),
        ("a@b", "a@b"),
        ("", ""),
    ],
)
def test_what_is_secret_is_left_out(address: str, told: str) -> None:
    """Users, passwords and secret parameters; what is no address stays as it is."""
    assert without_secrets(address) == told
