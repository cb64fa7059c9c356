"""What the code itself writes: docs/rpc.md and the client's typed methods from the OpenRPC document, docs/machines/*.md from the
state machines.

`python -m tools.generate_docs` writes them; with `--check` it only says which are stale, and exits 1 where any is.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from automat import TypeMachine

from cwtchd.protocol.machines import auth, peer, proof_of_work, socks, token, token_board
from cwtchd.rpc.dispatch import DOCUMENT
from cwtchd.tor import status
from tools import generate_cli, generate_client

DOCS = Path(__file__).parent.parent / "docs"
GENERATED = "<!-- Made by `make docs` from the code: change the code, not this page. -->\n"


def rpc_page(described: dict[str, Any]) -> str:
    """The API as a page: a section a method, then the errors and the events."""
    return "\n".join(_rpc_lines(described)) + "\n"


def _rpc_lines(described: dict[str, Any]) -> Iterator[str]:
    yield GENERATED
    yield "# The local API\n"
    yield f"{described['info']['description']}\n"
    yield "`rpc.discover` returns all of this as an OpenRPC document. Who may call, and tokens: [access.md](access.md).\n"
    for method in described["methods"]:
        yield f"## {method['name']}\n"
        yield method["summary"] + "\n"
        if method["params"]:
            yield "| param | type | |\n|---|---|---|"
            for param in method["params"]:
                needed = "" if param["required"] else "optional"
                about = "; ".join(part for part in (needed, _told(param["schema"])) if part)
                yield f"| `{param['name']}` | {_type(param['schema'])} | {about} |"
            yield ""
        yield f"Result: {_type(method['result']['schema'])}\n"
        yield f"Scope: {method['x-scope'] or 'none, anybody may call it'}\n"
        if method["errors"]:
            names = (f"`{error['$ref'].rsplit('/', 1)[-1]}`" for error in method["errors"])
            yield f"Errors: {', '.join(names)}\n"
        example = method["examples"][0]
        request = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": method["name"],
            "params": {param["name"]: param["value"] for param in example["params"]},
        }
        yield f"```json\n{json.dumps(request)}\n```\n"
    yield "# Values\n"
    for name, shape in described["components"]["schemas"].items():
        if name.startswith("cwtchd") or not shape.get("properties"):
            continue
        yield f"## {name.rsplit('.', 1)[-1]}\n"
        yield shape.get("description", "") + "\n"
        yield "| field | type | |\n|---|---|---|"
        for field, inner in shape["properties"].items():
            yield f"| `{field}` | {_type(inner)} | {_told(inner)} |"
        yield ""
    yield "# Errors\n"
    yield "| name | code | sentence |\n|---|---|---|"
    for name, error in described["components"]["errors"].items():
        yield f"| `{name}` | {error['code']} | {error['message']} |"
    yield "\n# Events\n"
    yield "| type | kept in the log | data |\n|---|---|---|"
    for name, event in described["x-events"].items():
        yield f"| `{name}` | {'yes' if event['stored'] else 'live only'} | {_type(event['data'])} |"


def _told(shape: dict[str, Any]) -> str:
    return str(shape.get("description", ""))


def _type(shape: dict[str, Any]) -> str:
    if "$ref" in shape:
        return str(shape["$ref"].rsplit("/", 1)[-1])
    if "anyOf" in shape:
        return " or ".join(_type(one) for one in shape["anyOf"])
    if "enum" in shape:
        return " or ".join(f"`{one}`" for one in shape["enum"])
    if shape.get("type") == "array":
        return f"list of {_type(shape.get('items', {}))}"
    return str(shape.get("type", "any"))


def machine_page(name: str, source: str | None, machine: TypeMachine[Any, Any]) -> str:
    """A state machine as a sorted Mermaid diagram under the head of its module."""
    # Automat's own drawing differs from run to run and needs Graphviz; its table of transitions is all that is read here.
    table = machine.__automat_automaton__
    lines = sorted(
        f"    {came.name} --> {goes.name}: {heard}" for came, heard, goes, _ in table.allTransitions()
    )
    drawn = "\n".join(["stateDiagram-v2", f"    [*] --> {table.initialState.name}", *lines])
    return f"{GENERATED}\n# {name}\n\n{(source or '').strip()}\n\n```mermaid\n{drawn}\n```\n"


MACHINES: dict[str, tuple[str | None, TypeMachine[Any, Any]]] = {
    "auth": (auth.__doc__, auth.build_auth),
    "peer": (peer.__doc__, peer.build_peer),
    "proof-of-work-server": (proof_of_work.__doc__, proof_of_work.build_work_server),
    "proof-of-work-client": (proof_of_work.__doc__, proof_of_work.build_work_client),
    "socks": (socks.__doc__, socks.build_socks),
    "token-board-server": (token_board.__doc__, token_board.build_board),
    "token-board-client": (token_board.__doc__, token_board.build_guest),
    "token-client": (token.__doc__, token.build_buyer),
    "token-server": (token.__doc__, token.build_signer),
    "tor": (status.__doc__, status.build_standing),
}


def pages() -> dict[Path, str]:
    """Every generated page with its text."""
    machines = {
        DOCS / "machines" / f"{name}.md": machine_page(name, *machine) for name, machine in MACHINES.items()
    }
    clients = {**generate_client.modules(DOCUMENT), **generate_cli.files()}
    return {DOCS / "rpc.md": rpc_page(DOCUMENT), **machines, **clients}


def main(check: bool) -> int:
    """Writes the pages, or says which are stale."""
    made = pages()
    stale = [path for path, text in made.items() if not path.exists() or path.read_text("utf-8") != text]
    for path in stale:
        if check:
            print(f"{path.relative_to(DOCS.parent)} is stale: run `make docs`.", file=sys.stderr)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made[path], "utf-8")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
