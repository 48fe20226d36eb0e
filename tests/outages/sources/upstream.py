"""A UISP of a test's own making: real HTTP on loopback, with exactly the rows that the test puts into it."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

NMS_KEY, CRM_KEY = "nms-key-of-the-test", "crm-key-of-the-test"
NMS, CRM = "/nms/api/v2.1", "/crm/api/v1.0"


class Upstream:
    """The lists by path; a number in place of a list is the status of the answer."""

    def __init__(self, url):
        self.url = url
        self.lists = {f"{NMS}/nms/version": {"version": "2.4.0"}, f"{CRM}/version": {"version": "4.4.0"}}
        self.set(devices=[], sites=[], links=[], clients=[], services=[])
        self.asked = []

    def set(self, **lists):
        """Put in lists by their names: devices, sites, links, clients, services."""
        paths = {"devices": f"{NMS}/devices", "sites": f"{NMS}/sites", "links": f"{NMS}/data-links"}
        paths |= {"clients": f"{CRM}/clients", "services": f"{CRM}/clients/services"}
        self.lists |= {paths[name]: rows for name, rows in lists.items()}

    def answer(self, path, query, headers):
        """Status and body."""
        key = (
            (headers.get("x-auth-token"), NMS_KEY) if path.startswith(NMS) else (headers.get("X-Auth-App-Key"), CRM_KEY)
        )
        if key[0] != key[1]:
            return 401, {"message": "Unauthorized"}
        found = self.lists.get(path, 404)
        if isinstance(found, int):
            return found, {"message": "as the test wants it"}
        if isinstance(found, list) and "limit" in query:
            offset = int(query["offset"][0])
            found = found[offset : offset + int(query["limit"][0])]
        return 200, found


class Handler(BaseHTTPRequestHandler):
    """Answers from the upstream of its server."""

    def do_GET(self):
        url = urlsplit(self.path)
        self.server.upstream.asked.append(self.path)
        status, body = self.server.upstream.answer(url.path, parse_qs(url.query), self.headers)
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *args):
        """Nothing."""


@contextmanager
def serving():
    """An Upstream that answers as long as the block lives."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.upstream = Upstream(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.upstream
    finally:
        server.shutdown()
        server.server_close()


def device(id, *, at=None, status="active", **fields):
    """A device of NMS; `at` is the id of its site."""
    known = {"mac": None, "role": "station", "type": "airMax", "vendor": "Ubiquiti", "model": "LBE-5AC"}
    known |= {name: fields.pop(name) for name in list(fields) if name in known}
    identification = {"id": id, "name": fields.pop("name", f"device {id}"), "status": status, **known}
    identification["site"] = {"id": at} if at else None
    return {"identification": identification, "overview": {"status": status}, **fields}


def at_ap(id):
    """The attributes of a radio at this AP."""
    return {"apDevice": {"id": id}}


def via(id):
    """The uplinkDevice of a device."""
    return {"identification": {"id": id}}


def site(id, name=None, *, kind="site", parent=None, client=None, service=None, **description):
    """A place of NMS; kind "endpoint" is a customer's."""
    identification = {"id": id, "name": name or f"site {id}", "type": kind, "status": "active"}
    identification["parent"] = {"id": parent} if parent else None
    ucrm = {"client": {"id": str(client), "name": f"client {client}"} if client else None}
    ucrm["service"] = {"id": str(service)} if service else None
    return {"id": id, "identification": identification, "description": description, "ucrm": ucrm}


def link(one, other, state="active"):
    """A data-link between two devices."""
    ends = [{"device": {"identification": {"id": end}}} for end in (one, other)]
    return {"id": f"{one}-{other}", "state": state, "from": ends[0], "to": ends[1]}


def client(id, first="Dean", last="Irvine", **fields):
    """A client of CRM."""
    known = {"id": id, "userIdent": f"A-{id}", "clientType": 1, "firstName": first, "lastName": last}
    known |= {"isLead": False, "isArchived": False, "hasOutage": False, "hasSuspendedService": False, "contacts": []}
    return known | fields


def contact(name="Rosa Field", email="rosa@example.net", phone="+1 907 555 0100", general=True):
    """A contact of a client."""
    return {"name": name, "email": email, "phone": phone, "isContact": general, "isBilling": False}


def service(id, client, at=None, **fields):
    """A service of CRM; `at` is the id of its place in NMS."""
    known = {"id": id, "clientId": client, "status": 1, "name": "Home 50", "hasOutage": False, "unmsClientSiteId": at}
    return known | fields


MAC = "02:00:00:00:00:01"


def world():
    """A tower with an AP, a customer with a radio, one with a service only, one with nothing."""
    sites = [site("t", "Ridge", address="1 Ridge Rd", location={"latitude": 60.5, "longitude": -150.0})]
    sites += [site("h", "Home", kind="endpoint", parent="t", client=1)]
    radio = device("cpe", at="h", mac=MAC, ipAddress="100.64.0.9/24", attributes=at_ap("ap"))
    clients = [client(1, contacts=[contact()], street1="2 Elm", city="Overby"), client(2), client(3)]
    services = [service(10, 1, at="h"), service(20, 2)]
    return {
        "devices": [device("ap", at="t", role="ap"), radio],
        "sites": sites,
        "clients": clients,
        "services": services,
    }
