"""Bijections and hashes on whole arrays: opaque ids that can be turned back into row numbers, and seeded noise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]

_BITS = 47
_MASK = (1 << _BITS) - 1
_MUL = 0x2545F4914F6D | 1
_INV = pow(_MUL, -1, 1 << _BITS)
_SHIFT = 24  # more than half of the bits: the xor-shift is then its own inverse
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SHORT = 8
LONG = 26


def scramble(numbers: Ints, salt: int) -> Words:
    """Map numbers below 2**47 to numbers below 2**47, one to one."""
    mask, mul = np.uint64(_MASK), np.uint64(_MUL)
    x = (numbers.astype(np.uint64) ^ np.uint64(salt & _MASK)) * mul & mask
    x ^= x >> np.uint64(_SHIFT)
    out: Words = x * mul & mask
    return out


def unscramble(value: int, salt: int) -> int:
    """The number that `scramble` turned into `value`."""
    x = value * _INV & _MASK
    x ^= x >> _SHIFT
    return (x * _INV & _MASK) ^ (salt & _MASK)


def _digits(values: Words, alphabet: str, width: int) -> list[bytes]:
    base = np.uint64(len(alphabet))
    letters = np.frombuffer(alphabet.encode(), dtype=np.uint8)
    out = np.empty((len(values), width), dtype=np.uint8)
    rest = values.copy()
    for column in range(width - 1, -1, -1):
        out[:, column] = letters[(rest % base).astype(np.intp)]
        rest //= base
    return [bytes(b) for b in out.view(f"S{width}").ravel().tolist()]


def _number(text: str, alphabet: str) -> int | None:
    value = 0
    for letter in text:
        digit = alphabet.find(letter)
        if digit < 0:
            return None
        value = value * len(alphabet) + digit
    return value


def short_ids(numbers: Ints, salt: int) -> list[bytes]:
    """Eight letters and digits per number."""
    return _digits(scramble(numbers, salt), _BASE62, SHORT)


def short_number(text: str, salt: int) -> int | None:
    """The number behind a short id, None if it is no such id."""
    value = _number(text, _BASE62) if len(text) == SHORT else None
    return None if value is None or value > _MASK else unscramble(value, salt)


def long_ids(numbers: Ints, salt: int) -> list[bytes]:
    """26 characters in the manner of a ULID per number."""
    front = _digits(scramble(numbers, salt), _BASE32, 10)
    back = _digits(scramble(numbers, ~salt), _BASE32, 10)
    return [b"01J%b%bK7Q" % pair for pair in zip(front, back, strict=True)]


def long_number(text: str, salt: int) -> int | None:
    """The number behind a long id, None if it is no such id."""
    value = _number(text[3:13], _BASE32) if len(text) == LONG else None
    if value is None or value > _MASK:
        return None
    number = unscramble(value, salt)
    return number if long_ids(np.array([number]), salt)[0].decode() == text else None


def words(numbers: Ints, salt: int) -> Words:
    """64 well-mixed bits per number."""
    x = numbers.astype(np.uint64) + np.uint64((salt * 0x9E3779B97F4A7C15) & ((1 << 64) - 1))
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    out: Words = x ^ (x >> np.uint64(31))
    return out


def noise(numbers: Ints, salt: int) -> Floats:
    """A uniform draw in [0, 1) per number."""
    return (words(numbers, salt) >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def word(number: int, salt: int) -> int:
    """`words` of one number."""
    return int(words(np.array([number], dtype=np.int64), salt)[0])
