"""The shop that all tests in a browser share."""

from tests.browser.visiting import served

__all__ = ["served"]
