"""Fetches the pictures of a feed: a few at once, each once, from the cache where they are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from db.errors import UsageError
from simulator.catalogues.csv_file import printable
from simulator.catalogues.fetching.cache import PictureCache
from simulator.catalogues.fetching.download import download
from simulator.catalogues.fetching.policy import FetchPolicy, RefusedError
from simulator.installation.context import Context

FOLDER = "pictures"
"""Of the cache."""
NAMED = 5
"""Hosts that are named when none was given."""


@dataclass(frozen=True)
class Fetched:
    """What became of some addresses."""

    paths: dict[str, Path] = field(default_factory=dict)
    """The file of each that came, or was kept before."""
    failed: dict[str, str] = field(default_factory=dict)
    """Why each of the others did not come."""
    cache: PictureCache | None = None

    def forget(self, address: str) -> None:
        """What came turned out to be no picture."""
        if self.cache is not None and address in self.paths:
            self.cache.forget(address)


def fetch(context: Context, addresses: Sequence[str], policy: FetchPolicy) -> Fetched:
    """The pictures behind some addresses; what fails is told, and ends nothing.

    Raises UsageError when the policy names no host, and there is something to fetch.
    """
    wanted = list(dict.fromkeys(addresses))
    if not wanted:
        return Fetched()
    if not policy.hosts:
        raise UsageError(_which_hosts(wanted))
    cache = PictureCache(context.settings.cache / FOLDER)
    found = Fetched(cache=cache)
    for address in wanted:
        if reason := _refused(address, policy):
            found.failed[address] = reason
        elif path := cache.find(address):
            found.paths[address] = path
        elif context.settings.offline:
            found.failed[address] = "it is not in the cache, and `offline` is set"
    rest = [one for one in wanted if one not in found.paths and one not in found.failed]
    if found.paths:
        context.talk.say(f"{len(found.paths):,} pictures were fetched before")
    if rest:
        _fetch_rest(context, rest, policy, found, cache)
    return found


def _fetch_rest(
    context: Context, rest: Sequence[str], policy: FetchPolicy, found: Fetched, cache: PictureCache
) -> None:
    tls = httpx.create_ssl_context()
    pool = ThreadPoolExecutor(policy.at_once)
    try:
        with context.talk.progress(f"fetching {len(rest):,} pictures", len(rest)) as step:
            asked = {pool.submit(download, one, policy, tls=tls): one for one in rest}
            for done in as_completed(asked):
                _take(done, asked[done], found, cache)
                step()
    finally:  # who stops the command waits for no more than those under way
        pool.shutdown(wait=False, cancel_futures=True)


def _take(done: Future[bytes], address: str, found: Fetched, cache: PictureCache) -> None:
    try:
        content = done.result()
    except RefusedError as error:
        found.failed[address] = str(error)
    else:
        found.paths[address] = cache.keep(address, content)


def _refused(address: str, policy: FetchPolicy) -> str:
    """Why an address may not be asked for, cache or no cache; empty where it may."""
    try:
        policy.address(address)
    except RefusedError as error:
        return str(error)
    return ""


def _which_hosts(addresses: Sequence[str]) -> str:
    hosts: Counter[str] = Counter()
    for address in addresses:
        try:
            hosts[
                httpx.URL(address if ":" in address[:6] else f"https:{address}").netloc.decode()
            ] += 1
        except (httpx.InvalidURL, ValueError):
            continue
    named = ",".join(host for host, _ in hosts.most_common(NAMED) if host)
    more = f" and {len(hosts) - NAMED:,} more hosts" if len(hosts) > NAMED else ""
    return (
        f"--fetch asks no host that was not named; the feed's pictures are at {printable(named)}"
        f"{more}: add --fetch-hosts {printable(named)} if you trust them"
    )
