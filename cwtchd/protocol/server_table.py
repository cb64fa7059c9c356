"""Every label, order and number of the server's wire, in one table: what rests on memory alone is marked, so that one capture corrects it.

Marks as in wire-server: `src` read in source, `doc` in documentation, `recall` from memory and not confirmed, `ours` a bound that only
we set. Left out: packets and authentication, which servers share with peers (wire/constants, crypto/handshake).
"""

from typing import Final

# --- key bundles (§1.2, §1.3) ---------------------------------------------------------------------------------------

BUNDLE_SERVER: Final = "bulletin_board_onion"  # src
BUNDLE_TOKENS: Final = "privacy_pass_public_key"  # src
BUNDLE_SERVICE: Final = "token_service_onion"  # src
BUNDLE_PREFIX: Final = "server:"  # src
BUNDLE_LIMIT: Final = 16 << 10  # ours: characters of a bundle's string; a real one has about 540

# --- the token service's transcript (§2.1) --------------------------------------------------------------------------

TRANSCRIPT_LABEL: Final = (
    b"tapir-transcript"  # src; that one transcript goes through both applications: recall
)
PROTOCOL_LABEL: Final = b"protocol"  # src
PRNG_SEED_SIZE: Final = 64  # recall: what is drawn from the transcript and absorbed by SHAKE256 (§7)
WIDE_SIZE: Final = 64  # recall: bytes of the generator that one scalar takes (§2.5)

# --- proof of work (§2.3), in the order in which the transcript is told ---------------------------------------------

WORK_PROTOCOL: Final = b"pow-app"  # doc; that it is told: recall
WORK_SEED: Final = b"pow-seed"  # src
WORK_CHALLENGE: Final = b"pow-challenge"  # src: drawn, 64 bytes
WORK_CHALLENGE_SIZE: Final = 64  # src
WORK_PRNG: Final = b"pow-prng"  # src: drawn
WORK_SOLUTION: Final = b"pow-solution"  # src
SOLUTION_SIZE: Final = 32  # recall
WORK_ZEROS: Final = bytes(2)  # recall: what SHA-256(solution | challenge) begins with

# --- tokens (§2.4, §2.5), in the order in which the transcript is told ----------------------------------------------

TOKEN_PROTOCOL: Final = b"token-app"  # recall
BATCH_PROTOCOL: Final = b"privacy-pass-batch-proof"  # doc; its place: recall
BATCH_X: Final = b"X-batch"  # doc: the group's generator
BATCH_Y: Final = b"Y-batch"  # doc: the server's public key
BATCH_P: Final = b"P-vector"  # doc; that it is the text of Go's %v: recall
BATCH_Q: Final = b"Q-vector"  # doc; likewise
BATCH_PRNG: Final = b"w"  # recall: drawn
PROOF_X: Final = b"X"  # doc, and so the five that follow; their order: recall
PROOF_Y: Final = b"Y"
PROOF_P: Final = b"P"
PROOF_Q: Final = b"Q"
PROOF_A: Final = b"A"
PROOF_B: Final = b"B"
PROOF_CHALLENGE: Final = b"c"  # recall: drawn, 64 bytes, reduced
SECRET_SIZE: Final = 32  # recall: a token's secret
MAC_SIZE: Final = 64  # recall: HMAC-SHA3-512 (§2.6)
BATCH_USUAL: Final = 10  # recall: what the official client asks for
BATCH_LIMIT: Final = 32  # ours: 154 would fit a packet; so many are signed in 3 to 5 ms of one core

# --- the token board (§3.1) -----------------------------------------------------------------------------------------

REPLAY_REQUEST: Final = 0  # doc
REPLAY_RESULT: Final = 1  # recall, and so the three that follow
POST_REQUEST: Final = 2
POST_RESULT: Final = 3
NEW_MESSAGE: Final = 4
ROWS_MOST: Final = 1 << 22  # ours: rows that a session takes; 34 GB of packets
KEPT_MOST: Final = 3_500_000  # ours: what an operator may let a server keep: with what slow replays hold back, under ROWS_MOST
REPLAY_LIMIT: Final = 1 << 24  # ours: rows that one replay may announce, 137 GB of packets
