"""What whoever runs the machine looks at: ``/health``, ``/ready``, ``/metrics``, and one log line a request.

Nothing here names a person, an address, a case or what was asked for: routes by their pattern, numbers, durations.
"""

import hmac
import ipaddress
import logging
import sys
from typing import Any

import sqlalchemy as sa
import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from tocsin import __version__
from tocsin.core.errors import Forbidden, TocsinError
from tocsin.store import reading
from tocsin.store.database import check_schema
from tocsin.web.who import At, bearer_of

router = APIRouter(include_in_schema=False)
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)


class Meters:
    """Counts and durations of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._asked = Counter("tocsin_requests", "Requests answered.", labels, registry=self.registry)
        self._seconds = Histogram(
            "tocsin_request_seconds", "Time to answer.", ("route",), buckets=_SECONDS, registry=self.registry
        )
        self.at_work = Gauge("tocsin_requests_at_work", "Requests being answered.", registry=self.registry)
        about = Gauge("tocsin_info", "The program.", ("version",), registry=self.registry)
        about.labels(__version__).set(1)

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        known = method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE") else "other"
        self._asked.labels(known, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)


def start_log(form: str) -> None:
    """One line an event on standard error, as JSON or as text."""
    last = structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    steps: list[Any] = [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]
    structlog.configure(
        processors=[*steps, last],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=steps, processor=last))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


@router.get("/health")
def health() -> JSONResponse:
    """The process answers."""
    return JSONResponse({"alive": True})


@router.get("/ready")
def ready(at: At) -> JSONResponse:
    """The records can be read and have this program's schema; else 503, and the proxy waits."""
    try:
        check_schema(at.engine)
        with reading(at.engine) as connection:
            connection.execute(sa.text("SELECT 1"))
    except (TocsinError, sa.exc.SQLAlchemyError, OSError):
        return JSONResponse({"ready": False}, 503, {"Retry-After": "5"})
    return JSONResponse({"ready": True})


@router.get("/metrics")
def metrics(request: Request, at: At) -> Response:
    """Counts and durations for Prometheus, to this machine or to whoever has the token."""
    given, wanted = bearer_of(request.headers.get("authorization", "")), at.serve.metrics_token
    by_token = bool(wanted) and hmac.compare_digest(given.encode(), wanted.encode())
    if not by_token and not (_is_here(request) and "x-forwarded-for" not in request.headers):
        raise Forbidden("metrics are for this machine, or for whoever has the token of [serve] metrics_token")
    meters: Meters = request.app.state.meters
    return Response(generate_latest(meters.registry), media_type=CONTENT_TYPE_LATEST)


def _is_here(request: Request) -> bool:
    try:
        return ipaddress.ip_address(request.client.host if request.client else "").is_loopback
    except ValueError:
        return False
