"""The one door to cryptography: every primitive that cwtchd uses, by libsodium, with each size and label beside its reason."""

import hashlib
import hmac
import os

from nacl import bindings
from nacl.exceptions import BadSignatureError, CryptoError

from cwtchd.protocol.errors import ProtocolError, RemoteProtocolError

KEY_SIZE = 32
NONCE_SIZE = 24
"""XSalsa20's nonce: long enough to be drawn at random for every packet under one key."""
TAG_SIZE = 16
SEED_SIZE = 32
PUBLIC_KEY_SIZE = 32
SIGNATURE_SIZE = 64
"""Ed25519's."""

_KDF_SALT_SIZE = 16  # what libsodium's Argon2 takes; the home's salt is 32 bytes
_KDF_SALT_LABEL = b"cwtchd vault"


_MARK_LABEL = b"cwtchd api token"


class SealBroken(ProtocolError):
    """What was sealed does not open with this key."""


def random_bytes(size: int) -> bytes:
    """Bytes from the system's generator."""
    return os.urandom(size)


def sha256(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def sha3_256(data: bytes) -> bytes:
    """SHA3-256."""
    return hashlib.sha3_256(data).digest()


def sha3_512(data: bytes) -> bytes:
    """SHA3-512."""
    return hashlib.sha3_512(data).digest()


def hmac_sha3_512(key: bytes, data: bytes) -> bytes:
    """HMAC over SHA3-512, whose block is 72 bytes: 64 bytes."""
    return hmac.digest(key, data, "sha3_512")


def equal(one: bytes, other: bytes) -> bool:
    """Whether two byte strings are the same, in time that does not tell where they differ."""
    return hmac.compare_digest(one, other)


def seal(key: bytes, plaintext: bytes, nonce: bytes) -> bytes:
    """NaCl secretbox, nonce first: `nonce 24 | tag 16 | ciphertext` (wire-peer §2.6)."""
    return nonce + bindings.crypto_secretbox(plaintext, nonce, key)


def open_sealed(key: bytes, sealed: bytes) -> bytes:
    """Opens what `seal` made. Raises SealBroken."""
    if len(sealed) < NONCE_SIZE + TAG_SIZE:
        raise SealBroken("What was sealed is too short to be opened.")
    try:
        return bindings.crypto_secretbox_open(sealed[NONCE_SIZE:], sealed[:NONCE_SIZE], key)
    except CryptoError:
        raise SealBroken("What was sealed does not open with this key.") from None


def derive_key(password: bytes, salt: bytes, *, memory_bytes: int, passes: int) -> bytes:
    """32 bytes by Argon2id over the password and the home's salt. Blocks for its cost, without the GIL."""
    short = hashlib.blake2b(salt, digest_size=_KDF_SALT_SIZE, person=_KDF_SALT_LABEL).digest()
    return bindings.crypto_pwhash_alg(
        KEY_SIZE, password, short, passes, memory_bytes, bindings.crypto_pwhash_ALG_ARGON2ID13
    )


def mark(seed: bytes, salt: bytes) -> bytes:
    """What only the holder of a seed can make of a salt: it says that a thing is the seed's, and to nobody else whose it is."""
    return hashlib.blake2b(salt, digest_size=32, key=seed, person=_MARK_LABEL).digest()


def public_key_of_seed(seed: bytes) -> bytes:
    """The Ed25519 public key of a 32-byte seed."""
    public, _ = bindings.crypto_sign_seed_keypair(seed)
    return public


def sign(seed: bytes, message: bytes) -> bytes:
    """64 bytes: the Ed25519 signature over a message by a 32-byte seed."""
    _, secret = bindings.crypto_sign_seed_keypair(seed)
    return bindings.crypto_sign(message, secret)[:SIGNATURE_SIZE]


def signed_by(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature over a message is that of the owner of this 32-byte Ed25519 key.

    libsodium refuses keys of small order and signatures in another than their one spelling.
    """
    if len(signature) != SIGNATURE_SIZE:
        return False
    try:
        bindings.crypto_sign_open(signature + message, public_key)
    except BadSignatureError:
        return False
    return True


def diffie_hellman(seed: bytes, their_public: bytes) -> bytes:
    """X25519 between an Ed25519 seed and an Ed25519 public key (wire-peer §1.7).

    Raises RemoteProtocolError for a point that does not decompress or has a low order: libsodium refuses both.
    """
    _, secret = bindings.crypto_sign_seed_keypair(seed)
    scalar = bindings.crypto_sign_ed25519_sk_to_curve25519(secret)
    try:
        point = bindings.crypto_sign_ed25519_pk_to_curve25519(their_public)
        return bindings.crypto_scalarmult(scalar, point)
    except (CryptoError, RuntimeError):
        raise RemoteProtocolError("The peer's key is not a usable point.") from None
