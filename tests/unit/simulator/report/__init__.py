"""The report on logs small enough to check by hand."""
