"""Where the daemon's socket is (rpc.md, Transport)."""

from collections.abc import Mapping
from pathlib import Path

import platformdirs

SOCKET = "cwtchd.sock"


def socket_path(socket: str | None, home: str | None, environ: Mapping[str, str]) -> Path:
    """The socket's path, by the first that is given: `socket`, $CWTCHD_SOCKET, `home`, $CWTCHD_HOME, the default.

    The default is $XDG_RUNTIME_DIR/cwtchd/cwtchd.sock, or cwtchd.sock in the platform's data directory where that variable
    is unset. An empty variable counts as unset.
    """
    if named := socket or environ.get("CWTCHD_SOCKET"):
        return Path(named).absolute()
    if at_home := home or environ.get("CWTCHD_HOME"):
        return Path(at_home).absolute() / SOCKET
    if runtime := environ.get("XDG_RUNTIME_DIR"):
        return Path(runtime) / "cwtchd" / SOCKET
    return Path(platformdirs.user_data_dir("cwtchd", appauthor=False)) / SOCKET
