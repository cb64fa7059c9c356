"""Everything that the daemon may refuse, as one table: stable name, code, one sentence that says what to do.

The names and codes are the contract's (rpc.md, Errors). A refusal never quotes what the caller or a peer sent.
"""

from typing import ClassVar


class Refusal(Exception):
    """Something that was asked for and is not done; nothing of it has changed anything."""

    code: ClassVar[int]
    name: ClassVar[str]
    sentence: ClassVar[str]

    def __init__(self, **details: int | str) -> None:
        super().__init__(self.sentence)
        self.details = details


class WrongPassword(Refusal):
    code = -32001
    name = "wrong_password"
    sentence = "Nothing here opens with this password: check it."


class ProfileLocked(Refusal):
    code = -32002
    name = "profile_locked"
    sentence = "No open profile has this id: unlock it with its password first."


class NotFound(Refusal):
    code = -32003
    name = "not_found"
    sentence = "There is nothing with this id: list what there is."


class AlreadyExists(Refusal):
    code = -32004
    name = "already_exists"
    sentence = "This is there already: use the one that exists."


class InvalidAddress(Refusal):
    code = -32005
    name = "invalid_address"
    sentence = "This is not the address of somebody else: it is 56 characters of a-z and 2-7, copied whole."


class MessageTooLarge(Refusal):
    code = -32006
    name = "message_too_large"
    sentence = "The message does not fit one packet: shorten it, or send it in parts."


class TorUnavailable(Refusal):
    code = -32007
    name = "tor_unavailable"
    sentence = "Tor is not there yet: see tor.status, and try again when it is ready."


class Unauthorized(Refusal):
    code = -32008
    name = "unauthorized"
    sentence = (
        "This caller may not do that: connect as the user who runs the daemon, or with a token that may."
    )


class Blocked(Refusal):
    code = -32009
    name = "blocked"
    sentence = "This contact is blocked: unblock it first."


class LimitExceeded(Refusal):
    code = -32010
    name = "limit_exceeded"
    sentence = "A limit is reached: wait until there is room again."


class InvalidBundle(Refusal):
    code = -32011
    name = "invalid_bundle"
    sentence = (
        "This is not a server's key bundle: it is one text that begins with server: and must be copied whole."
    )


class BareAddress(InvalidBundle):
    sentence = "An address does not say what a server's keys are: ask for its bundle, the text that begins with server:."


class ChangedBundle(InvalidBundle):
    sentence = (
        "This bundle says other than the one that the server was added with: keep to that one, or remove the server "
        "and add it again."
    )


class OtherKeys(InvalidBundle):
    sentence = (
        "This server has shown other keys than those that it was added with: nothing is posted there any more. "
        "Ask who runs it why; to trust it anew, remove it and add it again."
    )


class StorageFailed(Refusal):
    code = -32013
    name = "storage_failed"
    sentence = "The disk did not take it: nothing was changed. Make room or make it writable, and try again."


class ServerUnreachable(Refusal):
    code = -32015
    name = "server_unreachable"
    sentence = "The server can't be reached now: see whether it runs, and try again later."


class CursorExpired(Refusal):
    code = -32016
    name = "cursor_expired"
    sentence = (
        "The events behind this cursor are no longer kept: read anew what you need, then follow from `head`."
    )


class BatchTooLarge(Refusal):
    code = -32017
    name = "batch_too_large"
    sentence = "A batch holds at most 100 calls: split it."


class NotSupported(Refusal):
    code = -32018
    name = "not_supported"
    sentence = "This can't be done on this connection: use the socket, or a WebSocket."


class Stopping(Refusal):
    code = -32020
    name = "stopping"
    sentence = "The daemon is stopping: start it again."


class NotAccepted(Refusal):
    code = -32019
    name = "not_accepted"
    sentence = "This contact has not been accepted: accept it before you write to it."


class InvalidSettings(Refusal):
    code = -32021
    name = "invalid_settings"
    sentence = (
        "These settings do not go together: intro_rate and intro_burst are set both or not at all, "
        "and intro_burst is at least intro_rate."
    )


class ServerDamaged(Refusal):
    code = -32023
    name = "server_damaged"
    sentence = "The files of this server can't be used: put back those that belong to it, or delete it."


class OnlyServes(Refusal):
    code = -32022
    name = "only_serves"
    sentence = "This daemon is only a server and has no profiles: use one that was started with `cwtchd run`."
