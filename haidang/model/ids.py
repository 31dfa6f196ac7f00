"""Deterministic ids: the same parts give the same id, on every machine and every run."""

from hashlib import blake2b


def make_id(*parts: str | int) -> str:
    """32 hex digits of BLAKE2b over length-prefixed parts (so no two lists of parts collide)."""
    digest = blake2b(digest_size=16)
    for part in parts:
        encoded = str(part).encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(encoded))
        digest.update(encoded)
    return digest.hexdigest()
