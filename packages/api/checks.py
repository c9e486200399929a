"""Is this what the address takes? Its schemas are asked, and what they refuse is said in a sentence."""

import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.exceptions import best_match
from jsonschema.validators import extend

from packages.api.addresses import ADDRESSES, MEDIA_TYPE
from packages.api.schemas import COMPONENTS, PARAMETERS, Schema, an_object
from packages.errors import InvalidRequest, NotFound

# Of what was sent, in characters, as far as it is repeated.
LONGEST_QUOTATION = 60

_formats = FormatChecker(formats=())
# RFC 3339; Python reads more than that.
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)


@_formats.checks("date-time", raises=ValueError)
def _is_a_time(value: object) -> bool:
    if not isinstance(value, str):
        return True
    return bool(_TIME.fullmatch(value) and datetime.fromisoformat(value.upper()))


def _pattern(validator: Any, pattern: str, value: object, schema: Schema) -> Iterator[ValidationError]:
    # The end is the end in JSON Schema; for Python's $ a line break may still come.
    if isinstance(value, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), value):
        yield ValidationError("")


_Validator: Any = extend(Draft202012Validator, {"pattern": _pattern})


def check_address(values: Mapping[str, str]) -> None:
    """Refuse what cannot stand in an address. Raises NotFound: nothing has such a name."""
    for name, value in values.items():
        if not _fits(name).is_valid(value):
            raise NotFound(f"{_quoted(value)} cannot be the {name} of anything here.")


def check_query(address: str, method: str, given: Iterable[tuple[str, list[str]]]) -> dict[str, Any]:
    """The parameters in a query, as values of their types, with defaults for those left out. Raises InvalidRequest."""
    schemas = dict(ADDRESSES[address][method].query)
    values: dict[str, Any] = {}
    for name, texts in given:
        if len(texts) > 1:
            raise InvalidRequest(f"The query has {_quoted(name)} {len(texts)} times; give it once.")
        values[name] = _converted(texts[0], schemas.get(name, {}))
    _check(_takes_query(address, method), values, "query")
    return _with_defaults(schemas, values)


def check_body(address: str, method: str, content: bytes) -> dict[str, Any]:
    """The properties in a body, with defaults for those left out. Raises InvalidRequest."""
    operation = ADDRESSES[address][method]
    assert operation.body is not None, address
    if not content and operation.optional:
        content = b"{}"
    if not content:
        raise InvalidRequest(f"This address takes a body: {MEDIA_TYPE}, with its Content-Length.")
    try:
        body = _parsed(content)
        _check(_takes_body(address, method), body, "body")
    except RecursionError as error:
        raise InvalidRequest("The body cannot be read: it is nested too deep.") from error
    return _with_defaults(operation.body["properties"], body)


def _parsed(content: bytes) -> Any:
    try:
        value = json.loads(content.decode(), object_pairs_hook=_object, parse_constant=_refuse_constant)
        # Half of a character, as "\ud800" is, cannot be stored.
        json.dumps(value, ensure_ascii=False).encode()
    except ValueError as error:
        raise InvalidRequest(f"The body cannot be read as JSON in UTF-8: {_reason(error)}.") from error
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"it has {_quoted(name)} twice")
        found[name] = value
    return found


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _reason(error: ValueError) -> str:
    if isinstance(error, UnicodeEncodeError):
        return "it has half of a surrogate pair"
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} does not fit"
    return str(error)


def _converted(text: str, schema: Schema) -> Any:
    if schema.get("type") == "integer" and re.fullmatch(r"-?[0-9]{1,100}", text):
        return int(text)
    if schema.get("type") == "boolean" and text in {"true", "false"}:
        return text == "true"
    return text


def _with_defaults(schemas: Mapping[str, Schema], values: dict[str, Any]) -> dict[str, Any]:
    return {name: schema["default"] for name, schema in schemas.items() if "default" in schema} | values


@functools.cache
def _fits(parameter: str) -> Any:
    return _validator(PARAMETERS[parameter])


@functools.cache
def _takes_query(address: str, method: str) -> Any:
    query = dict(ADDRESSES[address][method].query)
    return _validator(an_object(query, optional=query))


@functools.cache
def _takes_body(address: str, method: str) -> Any:
    return _validator(ADDRESSES[address][method].body or {})


def _validator(schema: Schema) -> Any:
    # With the components in it, its references lead where they do in the document.
    whole = {**schema, "components": {"schemas": COMPONENTS}}
    return _Validator(whole, format_checker=_formats)


def _check(validator: Any, value: Any, what: str) -> None:
    error = best_match(validator.iter_errors(value))
    if error is not None:
        raise InvalidRequest(f"{_where(error, what)} {_fault(error)}")


def _where(error: ValidationError, what: str) -> str:
    if not error.absolute_path:
        return f"The {what}"
    name, *rest = error.absolute_path
    return f"{_quoted(str(name) + ''.join(f'[{part}]' for part in rest))} in the {what}"


def _fault(error: ValidationError) -> str:
    """What is wrong, as the end of a sentence."""
    wanted, given = error.validator_value, error.instance
    bound = "least" if str(error.validator).startswith("min") else "most"
    match error.validator:
        case "required":
            lacking = [name for name in wanted if name not in given]
            return f"lacks {_listed(lacking)}."
        case "additionalProperties":
            known = error.schema["properties"]
            unknown = next(name for name in given if name not in known)
            return f"has {_quoted(unknown)}, which means nothing here; it takes {_listed(known)}."
        case "type":
            return f"must be of the type {wanted}, and is {_quoted(given)}."
        case "enum":
            return f"must be one of {_listed(wanted)}, and is {_quoted(given)}."
        case "minProperties" | "minItems":
            return f"must have {wanted} or more."
        case "maxProperties" | "maxItems":
            return f"has more than {wanted}."
        case "uniqueItems":
            return "has an item twice."
        case "minLength" | "maxLength":
            return f"has {len(given)} characters; {wanted} are the {bound}."
        case "minimum" | "maximum":
            return f"is {_quoted(given)}; {wanted} is the {bound}."
        case "format":
            return f"must be a time such as 2027-01-31T12:00:00Z, and is {_quoted(given)}."
    return f"does not fit. {error.schema.get('description', '')}".strip()


def _listed(values: Iterable[object]) -> str:
    return ", ".join(ascii(value) for value in values) or "nothing"


def _quoted(value: object) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "an array"
    text = ascii(value[: LONGEST_QUOTATION + 1] if isinstance(value, str) else value)
    return text if len(text) <= LONGEST_QUOTATION else f"{text[:LONGEST_QUOTATION]}..."
