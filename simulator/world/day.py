"""A shopping day, played for all its sessions at once. Every move is a pure function."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from db.events import Events
from simulator.world import choice, record, session, shopper
from simulator.world.catalogue import Pictures, describe
from simulator.world.choice import Reaction
from simulator.world.draws import Bools, Floats, Ints, Purpose, gumbel
from simulator.world.presets import WorldConfig
from simulator.world.session import Sessions, World
from simulator.world.shopper import Memory


@dataclass(frozen=True)
class SlateOutcomes:
    """What the judge knows about slates that were just read; a row is a session that was alive."""

    session: Ints  # [n_alive]
    step: int
    # [n_alive, k], P(examined) * P(click | examined) by position; 0 where nothing was shown
    expected: Floats
    carts: Floats  # [n_alive, k], the same times P(cart | clicked)
    purchases: Floats  # [n_alive, k], the same times P(purchase | carted)


def build_world(
    config: WorldConfig,
    *,
    seed: int,
    pictures: Pictures,
    n_shoppers: int,
    slate_size: int = 10,
    max_slates: int = 3,
) -> World:
    """Everything that stays the same during a run."""
    catalogue = describe(config, seed, pictures)
    return World(
        config=config,
        seed=seed,
        n_shoppers=n_shoppers,
        slate_size=slate_size,
        max_slates=max_slates,
        catalogue=catalogue,
        population=shopper.populate(config, seed, catalogue, n_shoppers),
        examination=choice.examination(config.examine_first, config.examine_falloff, slate_size),
    )


def begin(world: World) -> Memory:
    """What the shoppers carry into the first day."""
    return shopper.first_memory(world.population)


def open_day(world: World, memory: Memory, day: int) -> Sessions:
    """Morning: some shoppers come, each with a category in mind, and pick an image to search
    with.
    """
    comes = shopper.visitors(world.config, world.seed, world.population, memory, day)
    return session.search(world, session.arrive(world, memory, np.flatnonzero(comes), day))


def ask(world: World, sessions: Sessions) -> tuple[Sessions, Events]:
    """Each session that is alive asks for a slate: one SEARCH or VIEW."""
    now = sessions.take(sessions.alive)
    events = record.request(world, now)
    asked = now.asked.copy()
    asked[:, now.step] = now.query
    return sessions.put(sessions.alive, replace(now, asked=asked, ordinal=now.ordinal + 1)), events


def read(
    world: World, sessions: Sessions, slates: NDArray[np.int32]
) -> tuple[Sessions, Events, SlateOutcomes]:
    """Each session that is alive reads its slate, row by row in their order, and decides what to do
    next.
    """
    now = sessions.take(sessions.alive)
    shown = np.asarray(slates, np.int64)
    wanted = (len(now.shopper), world.slate_size)
    if shown.shape != wanted:
        raise ValueError(f"wanted slates of shape {wanted}, found {shown.shape}")

    # 1. She examines the slate from the top, clicks or does not, carts, purchases.
    reaction = choice.react(world, now, shown)
    clicks = choice.clicks_expected(world, reaction.probability)
    carts = clicks * reaction.cart
    outcomes = SlateOutcomes(now.session, now.step, clicks, carts, carts * reaction.purchase)

    # 2. It leaves her pleased or disappointed, and a little tired of what she saw.
    after = _affected(world, now, shown, reaction)

    # 3. She leaves, or thinks of something to do next.
    leaving = session.leaves(
        world, after, is_bad_slate=reaction.n_clicked == 0, has_bought=reaction.n_bought > 0
    )

    # 4. All of it is written down.
    thinking = session.thinking_time(world, after)
    events, ordinal, clock = record.slate_read(
        world, now, shown, reaction, leaving=leaving, thinking=thinking
    )

    # 5. Those who stay open the clicked item they like best, or search again.
    after = replace(after, ordinal=ordinal, clock=clock, alive=~leaving)
    after = _next_move(world, after, shown, reaction)
    return sessions.put(sessions.alive, replace(after, step=now.step + 1)), events, outcomes


def close_day(world: World, memory: Memory, sessions: Sessions) -> Memory:
    """Night: what was felt and bought is remembered, and fades; tastes drift."""
    config = world.config
    who = sessions.shopper
    felt = memory.satisfaction.copy()
    felt[who] += (1 / config.satisfaction_memory - 1) * np.tanh(sessions.joy)
    gone = shopper.gone_after(config, world.seed, memory, sessions)
    owned = memory.owned.copy()
    owned[who] += sessions.bought
    remembered = replace(memory, satisfaction=felt, owned=owned, gone=gone)
    return shopper.next_morning(config, world.seed, world.population, remembered, sessions.day)


def click_probability(world: World, sessions: Sessions) -> Floats:
    """P(click | examined) of each catalogue item, float64 [n_alive, n_items]; `sessions.take` cuts
    pieces.
    """
    now = sessions.take(sessions.alive)
    return np.asarray(expit(world.config.click_base + choice.whole_catalogue_appeal(world, now)))


def _affected(world: World, now: Sessions, shown: Ints, reaction: Reaction) -> Sessions:
    """Joy, weariness, what was seen and what was bought."""
    config = world.config
    k = world.slate_size
    here = slice(now.step * k, (now.step + 1) * k)
    seen = now.seen.copy()
    clicked = now.clicked.copy()
    bought = now.bought.copy()
    seen[:, here] = shown
    clicked[:, here] = reaction.clicked
    row, place = np.nonzero(reaction.bought)
    np.add.at(bought, (row, world.catalogue.category[shown[row, place]]), 1)
    joy = (
        config.joy_click * reaction.n_clicked
        + config.joy_cart * reaction.n_carted
        + config.joy_purchase * reaction.n_bought
        + config.joy_bad_slate * (reaction.n_clicked == 0)
    )
    weight = config.fatigue_seen / k * (shown >= 0) + config.fatigue_clicked * reaction.clicked
    fatigue = np.zeros_like(now.fatigue)
    style = world.catalogue.style
    for position in range(k):
        fatigue += weight[:, position, None] * style.take(shown[:, position], axis=0)
    return replace(
        now,
        seen=seen,
        clicked=clicked,
        bought=bought,
        joy=now.joy + joy,
        fatigue=now.fatigue + fatigue,
    )


def _next_move(world: World, after: Sessions, shown: Ints, reaction: Reaction) -> Sessions:
    """What each session that stays asks for next: the best of what she clicked, or a new search."""
    ahead = replace(after, step=after.step + 1)
    opening = after.alive & (reaction.n_clicked > 0) & session.opens(world, after)
    favourite = _favourite(world, after, shown, reaction, opening)
    searching = after.alive & ~opening

    searcher = ahead.take(searching)
    category = session.next_search(world, searcher, (reaction.n_carted > 0)[searching])
    return ahead.turned(
        (searching, session.search(world, replace(searcher, category=category))),
        (opening, session.open_item(world, ahead.take(opening), favourite)),
    )


def _favourite(
    world: World, after: Sessions, shown: Ints, reaction: Reaction, opening: Bools
) -> Ints:
    """Of each session that opens an item the one, of those clicked, that she likes best today."""
    who = np.flatnonzero(opening)
    row, place = np.nonzero(reaction.clicked[who])
    session = who[row]
    address = after.shopper[session], after.day, after.step
    key = world.catalogue.key[shown[session, place]]
    noise = world.config.open_noise * gumbel(world.seed, Purpose.OPEN_WHICH, *address, key)
    liked = np.full((len(who), shown.shape[1]), -np.inf)
    liked[row, place] = reaction.appeal[session, place] + noise
    return np.asarray(shown[who, np.argmax(liked, axis=1)])
