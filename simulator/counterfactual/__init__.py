"""What a policy would have earned, from a log of another one."""
