"""reminder: `remind 20m tea` says "tea" after 20 minutes; `list` shows what is to come, `forget 7` drops one.

Rules: on the disk are ids and times, never a text: the words stay in the daemon's sealed store until they are due. A reminder
that was due while the bot was away is told when it is back, once. `python -m bots.reminder --help` tells how to run it.
"""

import json
import re
import time
from pathlib import Path

from cwtch_client import RpcError
from cwtch_client.bot import Bot, ContactRequest, IncomingMessage
from cwtch_client.bot_place import write_durably

bot = Bot("reminder")

HOW = "Write `remind 20m tea`: a number, then s, m, h or d, then what to say. `help` lists the rest."
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
LONGEST_SECONDS = 366 * SECONDS["d"]
MOST_EACH = 100


def parsed(rest: str) -> tuple[int, str] | None:
    """`20m tea` as seconds and words; None where it is something else."""
    found = re.fullmatch(r"(\d{1,9})\s*([smhd])\s+(\S.*)", rest, re.DOTALL)
    if found is None or (seconds := int(found[1]) * SECONDS[found[2]]) > LONGEST_SECONDS:
        return None
    return seconds, found[3]


class Reminders:
    """What is to come: by the id of the message that asked, its conversation and when it is due."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._rows: dict[str, list[int]] = json.loads(file.read_text()) if file.exists() else {}

    def of(self, conversation: int) -> list[tuple[int, int]]:
        """A conversation's, as (message, due), the next one first."""
        found = [(int(message), due) for message, (of, due) in self._rows.items() if of == conversation]
        return sorted(found, key=lambda row: row[1])

    def due(self, now: int) -> list[tuple[int, int]]:
        """Those whose time has come, as (message, conversation)."""
        return [(int(message), of) for message, (of, due) in self._rows.items() if due <= now]

    def add(self, message: int, conversation: int, due: int) -> None:
        """Adds one; the same one again changes nothing, since handlers may run twice."""
        self._rows.setdefault(str(message), [conversation, due])
        self._write()

    def drop(self, message: int) -> None:
        """Drops one, if it is there."""
        if self._rows.pop(str(message), None) is not None:
            self._write()

    def _write(self) -> None:
        write_durably(self._file, json.dumps(self._rows))


def reminders() -> Reminders:
    return Reminders(bot.state / "reminders.json")


@bot.on_request
def welcome(request: ContactRequest) -> None:
    request.accept()
    request.say(HOW)


@bot.command("remind")
def remind(message: IncomingMessage) -> None:
    """`remind 20m tea` says "tea" in 20 minutes; s, m, h and d are seconds, minutes, hours and days."""
    kept, given = reminders(), parsed(message.rest)
    if given is None:
        message.reply(HOW)
    elif len(kept.of(message.conversation)) >= MOST_EACH:
        message.reply(f"There are {MOST_EACH} reminders already: `forget` one first.")
    else:
        came = message.received_at or time.time_ns() // 1_000_000
        kept.add(message.id, message.conversation, came + given[0] * 1000)
        message.reply(f"Reminder {message.id} is set.")


@bot.command("list")
def list_(message: IncomingMessage) -> None:
    """Shows what is to come."""
    rows = reminders().of(message.conversation)
    told = [f"{number}: {time.strftime('%F %T', time.gmtime(due / 1000))} UTC" for number, due in rows]
    message.reply("\n".join(told) or "There is nothing to come.")


@bot.command("forget")
def forget(message: IncomingMessage) -> None:
    """`forget 7` drops reminder 7."""
    mine = {str(number) for number, _ in reminders().of(message.conversation)}
    if message.rest in mine:
        reminders().drop(int(message.rest))
    message.reply("It is gone.")


@bot.on_message
def explain(message: IncomingMessage) -> None:
    message.reply(HOW)


@bot.every(1)
def tell_what_is_due() -> None:
    kept = reminders()
    for number, conversation in kept.due(time.time_ns() // 1_000_000):
        try:
            asked = bot.client.message.get(profile=bot.profile, message=number)
            _, _, rest = (asked.text or "").strip().partition(" ")
            given = parsed(rest.strip())
            if given is not None:
                bot.send(conversation, given[1], once=str(number))
        except RpcError as refusal:
            if refusal.name not in {"not_found", "blocked", "not_accepted"}:
                raise  # the kit tries again a second later
        kept.drop(number)


if __name__ == "__main__":
    bot.run()
