"""The edge that works: reads from the database, calls one pure function, writes. Knows Redis and
RQ.
"""
