"""The JSON API, described: its addresses, what each takes and answers, as an OpenAPI 3.1 document.

``addresses`` says all of it, once. The served document is made of it, requests are checked by it,
and the views are found through it (``packages.views.api``), so that none can say something else.
"""

from packages.api.addresses import ADDRESSES, LINES_TYPE, MEDIA_TYPE, Operation, find
from packages.api.checks import check_address, check_body, check_query
from packages.api.document import document

__all__ = [
    "ADDRESSES",
    "LINES_TYPE",
    "MEDIA_TYPE",
    "Operation",
    "check_address",
    "check_body",
    "check_query",
    "document",
    "find",
]
