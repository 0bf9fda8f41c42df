"""What ``[serve]`` in ``tocsin.toml`` says: under which names the door answers, where it listens, whom it believes."""

import ipaddress
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tocsin.core.codes import Role
from tocsin.core.errors import BadFile
from tocsin.core.mission import SETTINGS, Mission
from tocsin.core.pmtiles import TileFile, read_tile_file

MOST_AT_ONCE = 200  # requests worked on at a time
MOST_OF_ONE = 150  # of one address, whatever the settings say: others come in too
MOST_SLACK = 2
MOST_BASE_MAPS = 12
# On a network, whoever may open names, cases or accounts signs in with two steps, unless the mission says otherwise.
STEPPED = frozenset({Role.ADMINISTRATOR, Role.DUTY_OFFICER, Role.HUMAN_RIGHTS_OFFICER})
LOCAL = frozenset({"127.0.0.1", "localhost", "[::1]"})


@dataclass(frozen=True)
class Serve:
    """Settings of the door.

    Parameters
    ----------
    address : str
        Network address to listen on.
    hosts : frozenset of str
        Names the door answers to, beside those of this machine; a name that is not listed is refused.
    trusted_proxies : tuple of networks
        Whose ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are believed: the https proxy in front.
    metrics_token : str
        Opens ``/metrics`` from elsewhere than this machine; empty = this machine only. Better in a file of its own
        (``metrics_token_file``), which the settings read it from.
    requests_per_s, intake_per_s : float
        What one address may ask a second (web), or bring (intake).
    at_once : int
        How many requests of one address are worked on at a time, so that slow senders there leave the door open to
        others.
    log : str
        ``json`` or ``text``.
    single_sign_on : dict
        OpenID Connect: issuer, client_id, and the file with the client's secret.
    second_step : frozenset of Role
        Roles that must sign in with a code or a passkey, whichever way they come; who has neither sets one up first.
    code_slack : int
        How many codes before and after the present one are good too, for clocks that are off: 0 is 30 seconds.
    leaked_passwords : Path or None
        A file of passwords that became known, as SHA-1 in order, that may not be chosen.
    base_maps : tuple of TileFile
        Base maps of the mission's own that the screen offers beside the one that ships with the program.
    log_who : bool
        Whether a log line says which account asked, by the number that stands for it in the audit trail.
    """

    address: str = "127.0.0.1"
    hosts: frozenset[str] = frozenset()
    trusted_proxies: tuple[Any, ...] = ()
    metrics_token: str = field(default="", repr=False)
    requests_per_s: float = 50.0
    intake_per_s: float = 2_000.0
    at_once: int = 50
    log: str = "text"
    single_sign_on: dict[str, str] = field(default_factory=dict)
    second_step: frozenset[Role] = frozenset()
    code_slack: int = 1
    leaked_passwords: Path | None = None
    log_who: bool = False
    base_maps: tuple[TileFile, ...] = ()

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the door."""
        return self.address == "localhost" or ipaddress.ip_address(self.address.strip("[]")).is_loopback

    def answers_to(self, host: str) -> bool:
        """Whether a request for this host (without its port) is for us."""
        return host.casefold() in LOCAL or host.casefold() in self.hosts


def serve_settings(mission: Mission) -> Serve:
    """The mission's settings for its door.

    Raises
    ------
    BadFile
        If a setting is unknown or cannot be.
    """
    path = mission.folder / SETTINGS
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8")).get("serve", {})
        return _read(dict(given), mission.folder)
    except (OSError, ValueError, TypeError, AttributeError) as problem:
        raise BadFile("{name}: [serve] {why}; compare it with docs/settings.md", name=path, why=problem) from problem


def _read(given: dict[str, Any], folder: Path) -> Serve:
    known = {
        "address", "hosts", "trusted_proxies", "metrics_token", "requests_per_s", "intake_per_s", "at_once",
        "log", "single_sign_on", "second_step", "metrics_token_file", "code_slack", "leaked_passwords", "log_who",
        "base_maps",
    }  # fmt: skip
    unknown = set(given) - known
    if unknown:
        raise ValueError(f"has no setting {', '.join(sorted(unknown))}")
    for name in ("hosts", "trusted_proxies", "second_step"):
        if name in given and not isinstance(given[name], list):
            raise ValueError(f"{name} is a list of texts")
    if "hosts" in given:
        given["hosts"] = frozenset(str(h).casefold() for h in given["hosts"])
        if any("*" in h or "/" in h or not h for h in given["hosts"]):
            raise ValueError("hosts are plain names such as tocsin.example.org, without * and /")
    if "trusted_proxies" in given:
        given["trusted_proxies"] = tuple(ipaddress.ip_network(str(n)) for n in given["trusted_proxies"])
    for name in ("requests_per_s", "intake_per_s"):
        if name in given and not (isinstance(given[name], int | float) and given[name] > 0):
            raise ValueError(f"{name} is a number above 0")
    at_once = given.get("at_once", 1)
    if not isinstance(at_once, int) or isinstance(at_once, bool) or not 1 <= at_once <= MOST_OF_ONE:
        raise ValueError(f"at_once is a whole number from 1 to {MOST_OF_ONE}")
    if "second_step" in given:
        every = "*" in given["second_step"]
        given["second_step"] = frozenset(Role) if every else frozenset(Role(str(r)) for r in given["second_step"])
    slack = given.get("code_slack", 1)
    if not isinstance(slack, int) or isinstance(slack, bool) or not 0 <= slack <= MOST_SLACK:
        raise ValueError(f"code_slack is a whole number from 0 to {MOST_SLACK}")
    if not isinstance(given.get("log_who", False), bool):
        raise ValueError("log_who is true or false")
    if "leaked_passwords" in given:
        given["leaked_passwords"] = Path(str(given["leaked_passwords"])).expanduser()
        with given["leaked_passwords"].open("rb"):
            pass
    if "base_maps" in given:
        given["base_maps"] = _base_maps(folder / Path(str(given["base_maps"])).expanduser())
    if "metrics_token_file" in given:
        if "metrics_token" in given:
            raise ValueError("has metrics_token or metrics_token_file, not both")
        token = Path(str(given.pop("metrics_token_file"))).expanduser().read_text(encoding="utf-8").strip()
        if not token:
            raise ValueError("metrics_token_file is empty")
        given["metrics_token"] = token
    if given.get("log", "text") not in ("json", "text"):
        raise ValueError("log is json or text")
    if "single_sign_on" in given:
        given["single_sign_on"] = {str(k): str(v) for k, v in given["single_sign_on"].items()}
    made = Serve(**given)
    # Here an address that cannot be read is refused, too.
    return made if made.is_local or "second_step" in given else replace(made, second_step=STEPPED)


def _base_maps(path: Path) -> tuple[TileFile, ...]:
    """The PMTiles file a setting names, or those of a folder; one that cannot be drawn is refused at the start."""
    files = sorted(path.glob("*.pmtiles")) if path.is_dir() else [path]
    if not files:
        raise ValueError(f"base_maps: there is no .pmtiles file in {path.name}")
    if len(files) > MOST_BASE_MAPS:
        raise ValueError(f"base_maps: more than {MOST_BASE_MAPS} files are more than anybody chooses from")
    return tuple(read_tile_file(file) for file in files)
