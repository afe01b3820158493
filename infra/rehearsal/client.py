"""Requests to a deployed API."""

import http.client
import json
import urllib.parse

AUDIENCE = "rolecall"


class Response:
    """A response of the API."""

    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.bytes = response.read()
        self.text = self.bytes.decode(errors="replace")

    @property
    def body(self):
        return json.loads(self.text) if self.text else None

    def __repr__(self):
        return f"{self.status} {self.text}"


def connect(url):
    """A connection to the host of a URL."""
    parts = urllib.parse.urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname, parts.port, timeout=30)


def fetch(url):
    """The response to a GET of a link, without a token."""
    link = urllib.parse.urlsplit(url)
    connection = connect(url)
    connection.request("GET", f"{link.path}?{link.query}")
    response = Response(connection.getresponse())
    connection.close()
    return response
