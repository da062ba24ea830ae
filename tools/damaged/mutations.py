"""Ways of damaging a file, each decided by the run's seed and the file's number alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from damaged import by_hand
from damaged.seeds import Seed

HEADER = 512
"""Bytes at the start of a file that are taken for its header."""
MAX_BYTES = 4 << 20
_EXTREMES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE)


@dataclass(frozen=True)
class Damaged:
    """A damaged file; ``recipe`` says what was done to which whole file, a step an entry."""

    index: int
    suffix: str
    data: bytes
    recipe: tuple[str, ...]


def damaged(seeds: Sequence[Seed], *, seed: int, index: int) -> Damaged:
    """Number ``index`` of the run ``seed``: the whole files by turns, one to three kinds of damage to each."""
    rng = np.random.default_rng([seed, index])
    whole = seeds[index % len(seeds)]
    data, suffix, recipe = whole.data, whole.suffix, [whole.name]
    for _ in range(int(rng.choice([1, 2, 3], p=[0.7, 0.2, 0.1]))):
        if rng.random() < 0.05:
            other = seeds[rng.integers(len(seeds))]
            suffix = other.suffix
            recipe.append(f"named {suffix}")
            continue
        make = _WAYS[rng.integers(len(_WAYS))]
        data, what = make(data, rng, seeds)
        data = data[:MAX_BYTES]
        recipe.append(what)
    return Damaged(index, suffix, data, tuple(recipe))


Way = Callable[[bytes, np.random.Generator, Sequence[Seed]], tuple[bytes, str]]


def _place(data: bytes, rng: np.random.Generator) -> int:
    return int(rng.integers(len(data) + 1))


def _stretch(data: bytes, rng: np.random.Generator) -> tuple[int, int]:
    """Start and end of a piece, short or long alike."""
    start = _place(data, rng)
    longest = max(1, len(data) - start)
    return start, start + int(np.exp(rng.uniform(0, np.log(longest + 1))))


def _bytes(data: bytes, rng: np.random.Generator, _: Sequence[Seed]) -> tuple[bytes, str]:
    return _changed(data, rng, within=len(data), most=64)


def _header_bytes(data: bytes, rng: np.random.Generator, _: Sequence[Seed]) -> tuple[bytes, str]:
    return _changed(data, rng, within=min(HEADER, len(data)), most=8)


def _changed(data: bytes, rng: np.random.Generator, *, within: int, most: int) -> tuple[bytes, str]:
    if not within:
        return data, "nothing left to change"
    found = bytearray(data)
    places = rng.integers(within, size=int(rng.integers(1, most + 1)))
    by_bit = bool(rng.random() < 0.5)
    for at in places:
        found[at] = found[at] ^ (1 << int(rng.integers(8))) if by_bit else int(rng.integers(256))
    return bytes(
        found
    ), f"{len(places)} {'bits' if by_bit else 'bytes'} of the first {within} changed, one at {places[0]}"


def _number(data: bytes, rng: np.random.Generator, _: Sequence[Seed]) -> tuple[bytes, str]:
    """A number in the header, of 1 to 8 bytes: what may be a size or a count is set to what is hard to bear."""
    size = int(rng.choice([1, 2, 3, 4, 8], p=[0.15, 0.2, 0.05, 0.45, 0.15]))
    order = "little" if rng.random() < 0.5 else "big"
    places = list(range(max(0, min(HEADER, len(data)) - size)))
    if size == 4 and rng.random() < 0.6:  # any place of the file where a size could stand
        words = np.frombuffer(data[: len(data) // 4 * 4], "<u4" if order == "little" else ">u4")
        likely = np.flatnonzero((words > 0) & (words <= 2 * len(data))) * 4
        places = [int(at) for at in likely] or places
    if not places:
        return data, "too short for a number"
    at = places[rng.integers(len(places))]
    old = int.from_bytes(data[at : at + size], order)  # type: ignore[arg-type]
    kind = rng.integers(4)
    if kind == 0:
        new = old + int(rng.choice([-1, 1]))
    elif kind == 1:
        new = int(np.exp2(rng.uniform(0, 8 * size)))
    else:
        new = int(rng.choice(_EXTREMES)) * (1 if size < 8 or kind == 2 else 0x100000001)
    new %= 256**size
    changed = new.to_bytes(size, order)  # type: ignore[arg-type]
    return (data[:at] + changed + data[at + size :], f"{size} bytes ({order}) at {at}: {old:#x} became {new:#x}")


def _cut_end(data: bytes, rng: np.random.Generator, _: Sequence[Seed]) -> tuple[bytes, str]:
    at = _place(data, rng) if rng.random() < 0.7 else _place(data[: 2 * HEADER], rng)
    return data[:at], f"cut off at {at} of {len(data)}"


def _cut_start(data: bytes, rng: np.random.Generator, _: Sequence[Seed]) -> tuple[bytes, str]:
    at = _place(data, rng) if rng.random() < 0.5 else _place(data[:HEADER], rng)
    return data[at:], f"the first {at} of {len(data)} left out"


def _splice(data: bytes, rng: np.random.Generator, seeds: Sequence[Seed]) -> tuple[bytes, str]:
    other = seeds[rng.integers(len(seeds))]
    here = _place(data, rng)
    there = _place(other.data, rng) if rng.random() < 0.7 else 0
    return data[:here] + other.data[there:], f"from {here} on goes on as {other.name} from {there} on"


def _own_splice(data: bytes, rng: np.random.Generator, _: Sequence[Seed]) -> tuple[bytes, str]:
    here, there = _place(data, rng), _place(data, rng)
    return data[:here] + data[there:], f"from {here} on goes on as itself from {there} on"


def _repeated(data: bytes, rng: np.random.Generator, _: Sequence[Seed]) -> tuple[bytes, str]:
    start, end = _stretch(data, rng)
    times = int(rng.integers(2, 20))
    return data[:start] + data[start:end] * times + data[end:], f"{start} to {end} stands there {times} times"


def _removed(data: bytes, rng: np.random.Generator, _: Sequence[Seed]) -> tuple[bytes, str]:
    start, end = _stretch(data, rng)
    return data[:start] + data[end:], f"{start} to {end} left out"


def _overwritten(data: bytes, rng: np.random.Generator, _: Sequence[Seed]) -> tuple[bytes, str]:
    start, end = _stretch(data, rng)
    end = min(end, len(data))
    kind = ("zeros", "ones", "noise")[rng.integers(3)]
    filling = {"zeros": b"\0", "ones": b"\xff"}.get(kind, b"") * (end - start) or rng.bytes(end - start)
    return data[:start] + filling + data[end:], f"{start} to {end} became {kind}"


def _inserted(data: bytes, rng: np.random.Generator, _: Sequence[Seed]) -> tuple[bytes, str]:
    at, size = _place(data, rng), int(np.exp(rng.uniform(0, 10)))
    kind = ("zeros", "noise")[rng.integers(2)]
    return data[:at] + (b"\0" * size if kind == "zeros" else rng.bytes(size)) + data[
        at:
    ], f"{size} bytes of {kind} put in at {at}"


def _swapped(data: bytes, rng: np.random.Generator, _: Sequence[Seed]) -> tuple[bytes, str]:
    a, b, c = sorted(_place(data, rng) for _ in range(3))
    return data[:a] + data[b:c] + data[a:b] + data[c:], f"{a} to {b} and {b} to {c} changed places"


def _tagged(data: bytes, rng: np.random.Generator, _: Sequence[Seed]) -> tuple[bytes, str]:
    """A tag before or behind, half of the time damaged itself."""
    cover = rng.bytes(int(np.exp(rng.uniform(0, 11))))
    tags = {
        "ID3v2": by_hand.id3v2(cover),
        "APEv2": by_hand.apev2(cover),
        "ID3v1": by_hand.ID3V1,
        "Lyrics3": by_hand.LYRICS3 + by_hand.ID3V1,
    }
    name = list(tags)[rng.integers(len(tags))]
    tag, hurt = tags[name], ""
    if rng.random() < 0.5:
        tag, hurt = _changed(tag, rng, within=min(64, len(tag)), most=4)
        hurt = f" ({hurt})"
    if rng.random() < 0.5:
        return tag + data, f"{name}{hurt} before it"
    return data + tag, f"{name}{hurt} behind it"


_WAYS: tuple[Way, ...] = (
    _bytes,
    _header_bytes,
    _header_bytes,
    _number,
    _number,
    _number,
    _cut_end,
    _cut_start,
    _splice,
    _own_splice,
    _repeated,
    _removed,
    _overwritten,
    _inserted,
    _swapped,
    _tagged,
)
"""What is likeliest to find faults stands here more than once."""
