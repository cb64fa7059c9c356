"""Values for the document's examples: two well-known onions, which nobody has, and what they say to each other."""

from cwtchd.rpc import schema
from cwtchd.rpc.hosting_schema import Hosted, HostedStats
from cwtchd.rpc.server_schema import Server, ServerConnection
from cwtchd.store.api_tokens import Scope

ALICE = "rkeohxlubhyzl7ks3mwtzos5olfgocn7dwkbeg7toseadnapn5optfad"
BOB = "5vesrrri2hbmn2xjam4jawmvmeuvsjz2lrr7snrwyfdbjlehg7iuvmyd"
THEN = 1_790_000_000_000

PROFILE = schema.Profile(id=ALICE, name="alice", created_at=THEN, published_since=THEN, autostart=True)
TOR = schema.TorReport(
    state="ready",
    progress=100,
    summary="Tor is ready.",
    since=THEN,
    version="0.4.9.11",
    warning=None,
    last_proof_at=THEN,
)
CONVERSATION = schema.Conversation(
    id=1,
    kind="contact",
    address=BOB,
    name="bob",
    state="accepted",
    unread=0,
    created_at=THEN,
    last_message_at=THEN,
    connection=schema.ContactConnection(
        state="authenticated", since=THEN, last_proof_at=THEN, next_dial_at=None, last_failure=None
    ),
    acl=schema.Acl(blocked=False, read=True, append=True, auto_connect=True),
    attributes={},
)
MESSAGE = schema.Message(
    id=7,
    conversation=1,
    author=ALICE,
    outgoing=True,
    sent_at=THEN,
    received_at=None,
    overlay=1,
    text="hello, may I?",
    raw=None,
    reply_to=None,
    state="queued",
    error=None,
    delivery=schema.Delivery(step="queued", reason=None, attempts=0, next_try=None, witnessed=None, of=None),
)
EVENT = schema.Event(seq=12, profile=ALICE, type="message.queued", at=THEN, data=MESSAGE)

TOKEN = "cwtchd_1_q1N6dmBxZ0E3Y2hpbGRyZW5fYXJlX3BsYXlpbmdfaGU"
GRANTED = schema.Granted(token=1, scope=Scope.SEND, bound=True, profile=ALICE, conversations=None, folders=[])
API_TOKEN = schema.ApiToken(
    id=1,
    label="echobot",
    scope=Scope.SEND,
    bound=True,
    profile=ALICE,
    conversations=None,
    folders=[],
    created_at=THEN,
    last_used_at=THEN,
)
HEALTH = schema.ProfileHealth(
    id=ALICE,
    name="alice",
    published_since=THEN,
    self_dial=schema.SelfDial(last_proof_at=THEN, last_failure=None, next_at=THEN),
    contacts=[
        schema.ContactPath(
            conversation=1,
            state="authenticated",
            since=THEN,
            last_proof_at=THEN,
            next_dial_at=None,
            last_failure=None,
        )
    ],
    more_contacts=False,
)
SERVER = Server(
    id=1,
    onion=BOB,
    token_onion=ALICE,
    bundle="server:eyJLZXlzIjp7fX0=",
    state="synced",
    connection=ServerConnection(
        state="synced",
        since=THEN,
        received=12,
        announced=12,
        next_try_at=None,
        last_failure=None,
        work_tried=None,
    ),
    added_at=THEN,
    last_synced_at=THEN,
    messages=12,
    tokens=20,
    waiting=0,
    distrusted=False,
    faults=[],
)
HOSTED = Hosted(
    id="8f1d3a0b5c7e9f2a4b6c8d0e1f3a5b7c",
    state="running",
    description="for our groups",
    autostart=True,
    sealed=True,
    warning=None,
    onion=BOB,
    token_onion=ALICE,
    bundle="server:eyJLZXlzIjp7fX0=",
    published_since=THEN,
    max_messages=1_000_000,
    max_mib=4096,
    max_hours=None,
    onion_pow=False,
    intro_rate=None,
    intro_burst=None,
)
HOSTED_STATS = HostedStats(
    id=HOSTED.id,
    running_since=THEN,
    messages=12,
    bytes=33_312,
    posts=12,
    connections=3,
    synced=2,
    replays=2,
    tokens_signed=40,
)
