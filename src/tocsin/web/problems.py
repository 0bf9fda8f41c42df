"""Errors as problem+json, without what was given: a request can hold a telephone number, and answers are logged."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from tocsin.store.faults import explain

TYPE = "application/problem+json"


def attach(app: FastAPI) -> None:
    """Give an application its answers to wrong requests; what it has already stays."""
    for kind, answer in ((RequestValidationError, _wrong), (HTTPException, _plain), (DBAPIError, _records)):
        if kind not in app.exception_handlers or kind in (RequestValidationError, HTTPException):
            app.add_exception_handler(kind, answer)


def _wrong(request: Request, error: Exception) -> JSONResponse:
    status = 400 if request.url.path.startswith("/ogc") else 422  # the standard's word for a wrong parameter is 400
    found = error.errors() if isinstance(error, RequestValidationError) else []
    fields = [".".join(str(p) for p in e["loc"] if isinstance(p, (str, int)))[:100] for e in found[:10]]
    said = "; ".join(f"{f}: {e['msg']}" for f, e in zip(fields, found, strict=False) if e["type"] != "value_error")
    body = {
        "type": "urn:tocsin:bad_input",
        "title": f"the request is not as described in /api/openapi.json: {said or 'a value is wrong'}"[:600],
        "status": status,
        "fields": fields,
    }
    return JSONResponse(body, status, media_type=TYPE)


def _plain(_: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    titles = {404: "there is nothing at this address", 405: "this address does not take that method"}
    title = titles.get(status, "the request cannot be taken")
    headers = error.headers if isinstance(error, HTTPException) else None
    return JSONResponse(
        {"type": "about:blank", "title": title, "status": status}, status, dict(headers or {}), media_type=TYPE
    )


def _records(_: Request, error: Exception) -> JSONResponse:
    """The records failed: known trouble is said in a sentence, the rest without the values that were written."""
    told = explain(error)
    title = str(told) if told is not None else "the records could not do that: nothing was kept"
    return JSONResponse(
        {"type": "urn:tocsin:setup", "title": title, "status": 503}, 503, {"Retry-After": "30"}, media_type=TYPE
    )
