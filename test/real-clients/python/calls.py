"""Imports every module that was generated, then makes the calls of ../typescript/calls by their types."""

import importlib
import json
import pkgutil
import sys
import time
import uuid

import catalog_client
import ingest_client
import query_client
from catalog_client.api.apps import create_app, get_app
from catalog_client.api.developers import create_developer
from catalog_client.api.keys import create_key
from catalog_client.api.sessions import create_session
from catalog_client.models import App, Developer, KeyWithSecret, NewApp, NewDeveloper, NewKey, NewKeyKind
from catalog_client.models import NewSession, Problem, SessionWithToken
from ingest_client.api.telemetry import send_telemetry_batch
from ingest_client.models import BatchAccepted, TelemetryBatch, TelemetryEvent, TelemetryEventKind
from ingest_client.models import TelemetryEventProperties
from query_client.api.telemetry import get_receipt
from query_client.models import Receipt, ReceiptState

WAIT_SECONDS_MAX = 30
PASSWORD = "tram window salt basket"


def import_all():
    for package in (catalog_client, ingest_client, query_client):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)


def until(what, call):
    """Calls again until there is a value: a key or a receipt takes a moment to get there."""
    give_up_at = time.monotonic() + WAIT_SECONDS_MAX
    while (value := call()) is None:
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"{what} is not there after {WAIT_SECONDS_MAX} s")
        time.sleep(0.1)
    return value


def expect(kind, answer):
    if not isinstance(answer, kind):
        raise TypeError(f"{kind.__name__} expected: {answer}")
    return answer


def run(urls, word):
    visitor = catalog_client.Client(base_url=urls["catalog"])
    email = f"{word}@example.org"
    developer = NewDeveloper(email=email, name="Ada", password=PASSWORD)
    expect(Developer, create_developer.sync(client=visitor, body=developer))
    credentials = NewSession(email=email, password=PASSWORD)
    session = expect(SessionWithToken, create_session.sync(client=visitor, body=credentials))
    client = catalog_client.AuthenticatedClient(base_url=urls["catalog"], token=session.token)

    body = NewApp(package_id=f"org.{word}.chess", name="Chess")
    created = expect(App, create_app.sync(client=client, body=body))
    app = expect(App, get_app.sync(created.package_id, client=client))
    refusal = expect(Problem, get_app.sync("org.nobody.here", client=client)).code
    wanted = NewKey(name="Phones", kind=NewKeyKind.INGEST, package_ids=[app.package_id])
    key = expect(KeyWithSecret, create_key.sync(client=client, body=wanted))

    sender = ingest_client.AuthenticatedClient(base_url=urls["ingest"], token=key.secret)
    event = TelemetryEvent(
        event_id=str(uuid.uuid4()),
        name="level_complete",
        time=time.time_ns() // 1_000_000,
        kind=TelemetryEventKind.SCREEN,
        duration_ms=1200,
        properties=TelemetryEventProperties.from_dict({"level": "forest", "score": 12.5, "won": True}),
    )
    batch = TelemetryBatch(batch_id=str(uuid.uuid4()), events=[event])

    def send():
        answer = send_telemetry_batch.sync_detailed(client=sender, body=batch)
        return None if answer.status_code == 401 else expect(BatchAccepted, answer.parsed)

    accepted = until("the key", send).accepted
    reader = query_client.AuthenticatedClient(base_url=urls["query"], token=key.secret)

    def read():
        answer = get_receipt.sync(batch.batch_id, client=reader)
        return answer if isinstance(answer, Receipt) and answer.state == ReceiptState.STORED else None

    state = until("the receipt", read).state
    return {
        "packageId": app.package_id,
        "name": app.name,
        "status": str(app.status),
        "refusal": refusal,
        "accepted": accepted,
        "state": str(state),
    }


import_all()
print(json.dumps(run(**json.loads(sys.argv[1]))))
