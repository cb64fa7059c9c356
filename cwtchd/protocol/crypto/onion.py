"""shim"""
import base64, hashlib
from nacl.bindings import crypto_sign_seed_keypair
from cwtchd.protocol.errors import InvalidOnion
from cwtchd.protocol.model import Identity, Onion
def onion_of(pub:bytes)->Onion:
    return Onion(base64.b32encode(pub+hashlib.sha3_256(b".onion checksum"+pub+b"\x03").digest()[:2]+b"\x03").decode().lower())
def parse_onion(t:str)->Onion:
    if len(t)!=56 or t!=t.lower(): raise InvalidOnion("x")
    try: raw=base64.b32decode(t.upper())
    except Exception: raise InvalidOnion("x") from None
    if onion_of(raw[:32])!=t: raise InvalidOnion("x")
    return Onion(t)
def identity_from_seed(seed:bytes)->Identity:
    pub,_=crypto_sign_seed_keypair(seed)
    return Identity(seed,pub,onion_of(pub))
