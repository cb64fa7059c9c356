"""Manual pages out of a tree of click commands: one for the program, one for each of its commands.

Rules: the same bytes on every machine and every day; what click hides, or each command has, stands on the program's page alone.
"""

import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import click

SECTION = "1"
GENERATED = '.\\" Made by `make docs` from the commands: change the code, not this page.'
_BOLD = re.compile(r"`([^`]+)`")
_WORD = re.compile(r"(?<![\w`])(\$[A-Z_]+|--[a-z][a-z-]+)")


@dataclass(frozen=True)
class Program:
    """A program, with what its commands don't say themselves."""

    name: str
    root: click.Group
    version: str
    summary: str
    environment: Sequence[tuple[str, str]]
    files: Sequence[tuple[str, str]]
    see_also: Sequence[str]


def pages(program: Program) -> dict[str, str]:
    """Each page's file name, with its text."""
    context = click.Context(program.root, info_name=program.name, **program.root.context_settings)
    made = {program.name: _program_page(program, context)}
    for name, command in sorted(program.root.commands.items()):
        if not command.hidden:
            inner = click.Context(command, info_name=name, parent=context)
            made[f"{program.name}-{name}"] = _command_page(program, command, inner)
    return {f"{name}.{SECTION}": text for name, text in made.items()}


def _program_page(program: Program, context: click.Context) -> str:
    lines = [
        *_head(program, program.name, program.summary),
        *_synopsis(program.root, context),
        ".SH DESCRIPTION",
        *_prose(program.root.help or ""),
        ".SH COMMANDS",
    ]
    for name, command in sorted(program.root.commands.items()):
        if not command.hidden:
            lines += [
                ".TP",
                f".BR {_plain(f'{program.name}-{name}')} ({SECTION})",
                _marked(_first_sentence(command)),
            ]
    lines += [".SH OPTIONS", *_options(program.root, context)]
    if program.root.epilog:
        lines += list(_epilog(program.root.epilog))
    for title, entries in (("ENVIRONMENT", program.environment), ("FILES", program.files)):
        lines.append(f".SH {title}")
        for what, about in entries:
            lines += [".TP", f".I {_plain(what)}", _marked(about)]
    return _ended(lines, program.see_also)


def _command_page(program: Program, command: click.Command, context: click.Context) -> str:
    name = f"{program.name}-{context.info_name}"
    lines = [*_head(program, name, _first_sentence(command).removesuffix(".")), *_synopsis(command, context)]
    lines += [".SH DESCRIPTION", *_prose(command.help or "")]
    if isinstance(command, click.Group):
        lines.append(".SH COMMANDS")
        for verb, inner in sorted(command.commands.items()):
            below = click.Context(inner, info_name=verb, parent=context)
            lines += [f'.SS "{_plain(below.command_path)}"', *_usage(inner, below), ".PP"]
            lines += [*_prose(inner.help or ""), *_options(inner, below)]
    elif options := list(_options(command, context)):
        lines += [".SH OPTIONS", *options]
    return _ended(lines, [program.name])


def _head(program: Program, name: str, summary: str) -> list[str]:
    return [
        GENERATED,
        f'.TH "{name.upper()}" "{SECTION}" "" "cwtchd {program.version}" "cwtchd"',
        ".SH NAME",
        f"{_plain(name)} \\- {_marked(summary)}",
    ]


def _synopsis(command: click.Command, context: click.Context) -> Iterator[str]:
    yield ".SH SYNOPSIS"
    if isinstance(command, click.Group) and context.parent is not None:
        for at, (verb, inner) in enumerate(sorted(command.commands.items())):
            if at:
                yield ".br"
            yield from _usage(inner, click.Context(inner, info_name=verb, parent=context))
    else:
        yield from _usage(command, context)


def _usage(command: click.Command, context: click.Context) -> Iterator[str]:
    pieces = " ".join(command.collect_usage_pieces(context))
    yield f"\\fB{_plain(context.command_path)}\\fR {_plain(pieces)}"


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.get_params(context):
        # What all commands have is told once.
        told = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if told is not None and (context.parent is None or not {"--help", "--json"} & set(parameter.opts)):
            name, about = told
            yield ".TP"
            yield f"\\fB{_plain(name)}\\fR"
            yield _marked(about)


def _epilog(text: str) -> Iterator[str]:
    """A heading with a table under it, as click prints it behind the options."""
    title, *rows = inspect.cleandoc(text).removeprefix("\b\n").strip().splitlines()
    yield f".SH {title.removesuffix(':').upper()}"
    for row in rows:
        value, _, about = row.strip().partition(" ")
        yield from (".TP", f".B {_plain(value)}", _marked(about.strip()))


def _prose(text: str) -> Iterator[str]:
    for at, paragraph in enumerate(inspect.cleandoc(text).split("\n\n")):
        if at:
            yield ".PP"
        yield _marked(" ".join(paragraph.split()))


def _first_sentence(command: click.Command) -> str:
    text = " ".join(inspect.cleandoc(command.help or "").split("\n\n")[0].split())
    return text.partition(". ")[0].removesuffix(".") + "."


def _ended(lines: Sequence[str], see_also: Sequence[str]) -> str:
    others = [f".BR {_plain(each)} ({SECTION})" for each in see_also]
    listed = [f"{each} ," for each in others[:-1]] + others[-1:]
    return "\n".join([*lines, '.SH "SEE ALSO"', *listed]) + "\n"


def _marked(text: str) -> str:
    """Prose, with what is typed as it stands in bold."""
    bold = _WORD.sub(lambda found: f"`{found.group()}`", text)
    pieces = _BOLD.split(bold)
    marked = (f"\\fB{_plain(each)}\\fR" if at % 2 else _plain(each) for at, each in enumerate(pieces))
    return _protected("".join(marked))


def _plain(text: str) -> str:
    """Text in which roff obeys nothing."""
    quiet = (
        text.replace("\\", "\\e")
        .replace("-", "\\-")
        .replace('"', "\\(dq")
        .replace("'", "\\(aq")
        .replace("`", "\\(ga")
    )
    return _protected("".join(each if each.isascii() else f"\\[u{ord(each):04X}]" for each in quiet))


def _protected(line: str) -> str:
    return f"\\&{line}" if line.startswith((".", "'")) else line
