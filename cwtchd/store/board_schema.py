"""Every table of a hosted server's database in one view, as the newest of `server_migrations/` leaves them."""

from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Text

board_metadata = MetaData()

messages = Table(
    "messages",
    board_metadata,
    Column("id", Integer, primary_key=True),
    Column("signature", LargeBinary, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("box_digest", LargeBinary, nullable=False),
    Column("hour", Integer, nullable=False),
    Column("bytes_ever", Integer, nullable=False),
    Column("box", LargeBinary, nullable=False),
)
"""What was posted, in order. `nonce` and `box` are the ciphertext; `hour` counts since the epoch, UTC; `bytes_ever` is the size of this row
and of all that are or were before it, from some beginning on: what is between two rows is their difference. Ids are never used twice, and those
that are kept have no hole (board.py). So any number of rows is counted and measured without reading them, and no sum is written beside them."""

spent_tokens = Table("spent_tokens", board_metadata, Column("secret", LargeBinary, primary_key=True))
"""Never pruned: a token that is forgotten could be spent again."""

ids_ever = Table("sqlite_sequence", board_metadata, Column("name", Text), Column("seq", Integer))
"""SQLite's own, made by AUTOINCREMENT: the newest id of `messages` that there ever was."""
