"""Refusals of a FakeDaemon, in the contract's words."""

from cwtch_client.model import Json

Values = dict[str, Json]


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, code: int, sentence: str, name: str | None = None, **details: Json) -> None:
        super().__init__(sentence)
        self.code = code
        self.name = name
        self.details = details

    def as_json(self) -> Values:
        """The error as JSON-RPC has it."""
        fault: Values = {"code": self.code, "message": str(self)}
        if self.name is not None:
            fault["data"] = {"name": self.name, **self.details}
        return fault


def wrong_password() -> Refused:
    return Refused(-32001, "Nothing here opens with this password: check it.", "wrong_password")


def profile_locked() -> Refused:
    return Refused(
        -32002, "No open profile has this id: unlock it with its password first.", "profile_locked"
    )


def not_found() -> Refused:
    return Refused(-32003, "There is nothing with this id: list what there is.", "not_found")


def already_exists(**details: Json) -> Refused:
    return Refused(-32004, "This is there already: use the one that exists.", "already_exists", **details)


def invalid_address() -> Refused:
    return Refused(
        -32005, "This is not the address of somebody else: it is 56 characters.", "invalid_address"
    )


def unauthorized() -> Refused:
    return Refused(
        -32008,
        "This caller may not do that: connect as the user who runs the daemon, or with a token that may.",
        "unauthorized",
    )


def blocked() -> Refused:
    return Refused(-32009, "This contact is blocked: unblock it first.", "blocked")


def invalid_bundle() -> Refused:
    return Refused(
        -32011,
        "This is not a server's key bundle: it is one text that begins with server: and must be copied whole.",
        "invalid_bundle",
    )


def cursor_expired(oldest: int, head: int) -> Refused:
    return Refused(
        -32016,
        "The events behind this cursor are no longer kept: read anew what you need, then follow from `head`.",
        "cursor_expired",
        oldest=oldest,
        head=head,
    )


def invalid_settings() -> Refused:
    return Refused(
        -32021,
        "These settings do not go together: intro_rate and intro_burst are set both, with onion_pow, "
        "and intro_burst is at least intro_rate.",
        "invalid_settings",
    )


def not_accepted() -> Refused:
    return Refused(
        -32019, "This contact has not been accepted: accept it before you write to it.", "not_accepted"
    )


def no_such_method() -> Refused:
    return Refused(-32601, "There is no such method: rpc.discover lists them all.")


def invalid_params() -> Refused:
    return Refused(-32602, "The params are not what this method takes: rpc.discover tells them.")
