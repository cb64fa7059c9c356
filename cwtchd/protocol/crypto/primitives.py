"""shim"""
import hashlib, hmac, os
import nacl.bindings as b
from nacl.secret import SecretBox
from nacl.exceptions import CryptoError
from cwtchd.protocol.errors import ProtocolError
KEY_SIZE=32; NONCE_SIZE=24
class SealBroken(ProtocolError): ...
def sha256(x: bytes)->bytes: return hashlib.sha256(x).digest()
def random_bytes(n:int)->bytes: return os.urandom(n)
def seal(key:bytes, plaintext:bytes, nonce:bytes)->bytes: return bytes(SecretBox(key).encrypt(plaintext, nonce))
def open_sealed(key:bytes, sealed:bytes)->bytes:
    try: return SecretBox(key).decrypt(sealed)
    except Exception: raise SealBroken("x") from None
def derive_key(password:bytes, salt:bytes, *, memory_bytes:int, passes:int)->bytes:
    return b.crypto_pwhash_alg(32, password, hashlib.blake2b(salt,digest_size=16).digest(), passes, memory_bytes, b.crypto_pwhash_ALG_ARGON2ID13)
