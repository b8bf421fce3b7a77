"""The fault matrix: what is killed, cut, repeated or poisoned, and that nothing is lost or counted
twice.
"""
