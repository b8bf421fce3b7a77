"""The top: shoppers, the actions behind the commands, and the report."""
