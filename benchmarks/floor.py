"""The floor: a bare Django view of constant bytes, under the same server. Run: ``python -m benchmarks.floor``.

What the machine, Python, Django and the server cost before the index does anything.
"""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

# As many bytes as a small project's page.
BODY = b"x" * 1700


def constant(request: HttpRequest) -> HttpResponse:
    """Answer the same bytes each time."""
    response = HttpResponse(BODY, content_type="application/octet-stream")
    response["Content-Length"] = str(len(BODY))
    return response


urlpatterns = [path("", constant)]

if __name__ == "__main__":
    import socket

    import waitress

    listener = socket.create_server(("127.0.0.1", 0))
    print(f"serves http://127.0.0.1:{listener.getsockname()[1]}/", flush=True)
    settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF="benchmarks.floor", SECRET_KEY=os.urandom(20).hex())
    waitress.serve(get_wsgi_application(), sockets=[listener], threads=16, _quiet=True)
