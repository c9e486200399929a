"""The OpenAPI 3.1 document, made of the addresses and schemas."""

import re
from typing import Any

from packages.api.addresses import ADDRESSES, LINES_TYPE, MEDIA_TYPE, Operation, gaps_of
from packages.api.schemas import COMPONENTS, PARAMETERS, Schema, ref

_CREDENTIALS: list[dict[str, list[str]]] = [{"basic": []}, {"bearer": []}]
_ANYBODY: list[dict[str, list[str]]] = [{}]

_RESPONSES = {
    400: "What was sent is not what this address takes",
    401: "Credentials are missing or wrong",
    403: "You may not do this",
    404: "There is no such thing",
    409: "It would contradict what is there",
    413: "The body is too large",
    415: "The body is not JSON",
    429: "Too many wrong passwords",
    503: "The index or its storage did not answer; try again",
}
_HEADERS = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}


def document(*, server: str, service: str, public_read: bool) -> dict[str, Any]:
    """The document of an index at the address ``server``, without a last slash."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{service}: its JSON API",
            "version": "1",
            "description": "Accounts, tokens, projects, roles and the journal of a private Python package index.",
        },
        "servers": [{"url": server}],
        "security": _CREDENTIALS,
        "paths": {address: _path(address, public_read) for address in ADDRESSES},
        "components": {
            "schemas": COMPONENTS,
            "parameters": {name: _parameter(name, schema, "path") for name, schema in PARAMETERS.items()},
            "responses": {str(status): _refusal(status, description) for status, description in _RESPONSES.items()},
            "securitySchemes": {
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "A name and password, or __token__ and a token.",
                },
                "bearer": {"type": "http", "scheme": "bearer", "description": "A token."},
            },
        },
    }


def _path(address: str, public_read: bool) -> dict[str, Any]:
    gaps = [{"$ref": f"#/components/parameters/{gap}"} for gap in gaps_of(address)]
    path: dict[str, Any] = {"parameters": gaps} if gaps else {}
    for method, operation in ADDRESSES[address].items():
        path[method] = _operation(address, method, operation, public_read)
    return path


def _operation(address: str, method: str, operation: Operation, public_read: bool) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": _id(method, address),
        "tags": [(address.removeprefix("/api/").partition("/")[0]) or "about"],
        "summary": operation.summary,
    }
    if operation.open or (operation.reads and public_read):
        described["security"] = [*_ANYBODY, *_CREDENTIALS]
    if operation.query:
        described["parameters"] = [_parameter(name, schema, "query") for name, schema in operation.query.items()]
    if operation.body is not None:
        described["requestBody"] = {
            "required": not operation.optional,
            "content": {MEDIA_TYPE: {"schema": operation.body}},
        }
    described["responses"] = {str(operation.status if operation.answer else 204): _success(operation)} | {
        str(status): {"$ref": f"#/components/responses/{status}"} for status in _refusals(address, operation)
    }
    return described


def _id(method: str, address: str) -> str:
    return "_".join([method, *re.findall(r"[\w.]+", address)])


def _refusals(address: str, operation: Operation) -> list[int]:
    statuses = {400, 401, 403, 429, 503}
    if "{" in address or "account" in operation.query or "account" in (operation.body or {}).get("properties", {}):
        statuses.add(404)
    if operation.conflicts:
        statuses.add(409)
    if operation.body is not None:
        statuses |= {413, 415}
    return sorted(statuses)


def _success(operation: Operation) -> dict[str, Any]:
    links = {
        _id(*there.split(" ")): {"operationId": _id(*there.split(" ")), "parameters": dict(gaps)}
        for there, gaps in operation.leads_to.items()
    }
    with_links: dict[str, Any] = {"links": links} if links else {}
    if operation.answer is None:
        return {"description": "It is done", **with_links}
    content: dict[str, Any] = {MEDIA_TYPE: {"schema": operation.answer}}
    if operation.lines:
        content[LINES_TYPE] = {"schema": {"type": "string", "description": "An entry in each line."}}
    return {"description": "What is now true", "content": content, **with_links}


def _refusal(status: int, description: str) -> dict[str, Any]:
    refusal: dict[str, Any] = {"description": description, "content": {MEDIA_TYPE: {"schema": ref("Refusal")}}}
    if status in _HEADERS:
        refusal["headers"] = {_HEADERS[status]: {"required": True, "schema": {"type": "string"}}}
    return refusal


def _parameter(name: str, schema: Schema, where: str) -> dict[str, Any]:
    described = {"name": name, "in": where, "required": where == "path", "schema": schema}
    return {**described, "description": schema["description"]} if "description" in schema else described
