"""An OpenID Connect issuer for the rehearsal: a discovery document, one RS256 key, and signed tokens."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def _base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(value):
    return _base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Issuer:
    """Serves its public key on a free port until the process ends."""

    def __init__(self):
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1", "n": _number(public.n), "e": _number(public.e)}
        documents = {"/keys": {"keys": [key]}}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                document = documents.get(self.path)
                body = json.dumps(document).encode()
                self.send_response(200 if document else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        documents["/.well-known/openid-configuration"] = {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def person(self, label, audience, **claims):
        """The `sub`, the address and a token of a new person."""
        email, name = f"{label}@example.com", label.split("-")[0].title()
        token = self.token(audience, sub=label, email=email, email_verified=True, name=name, **claims)
        return label, email, token

    def token(self, audience, **claims):
        """A token that is valid for an hour."""
        now = int(time.time())
        claims = {"iss": self.url, "aud": audience, "iat": now, "exp": now + 3600} | claims
        signed = ".".join(_base64url(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": "1"}, claims))
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_base64url(signature)}"
