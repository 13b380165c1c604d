"""Every setting of the product: its variable, its default, what it does, and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AliasChoices, BeforeValidator, ByteSize, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from metrics_core.errors import SettingError
from metrics_core.model.access import Role
from metrics_core.model.window import WEEKDAYS, Calendar

_DIGITS_OTHER_THAN_TWO = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_TWO_DIGITS = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP
CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR
KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN
PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD
TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
CURRENCY_DIGITS: dict[str, int] = dict.fromkeys(_TWO_DIGITS.split(), 2) | {
    code: digits for digits, codes in _DIGITS_OTHER_THAN_TWO.items() for code in codes.split()
}
"""Decimals of the currencies in use (ISO 4217): how many minor units make a major one, as a power of ten."""


class RateLimit(NamedTuple):
    """So many requests in so many seconds, for each client; an amount of 0 is no limit."""

    amount: int
    seconds: int


SEED_RATE = RateLimit(100, 60)
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_RATE = re.compile(r"(\d{1,9})(?:\s*(?:/|per)\s*(second|minute|hour|day)s?)?")


def _rate(value: object) -> object:
    if value is None or isinstance(value, RateLimit):
        return value
    text = str(value).strip().lower()
    if text in ("", "off", "none", "unlimited"):
        return RateLimit(0, 60)
    found = _RATE.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return RateLimit(int(found[1]), _SECONDS[found[2] or "minute"])


def _listed(value: object) -> object:
    return tuple(part for part in re.split(r"[,\s]+", value) if part) if isinstance(value, str) else value


def _currency(value: str) -> str:
    if value.upper() not in CURRENCY_DIGITS:
        raise ValueError(value)
    return value.upper()


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (OSError, ValueError, LookupError):
        raise ValueError(value) from None
    return value


def _weekday(value: str) -> str:
    if value.strip().lower() not in WEEKDAYS:
        raise ValueError(value)
    return value.strip().lower()


_ROLE_NAMES = tuple(role.name.lower() for role in Role)


def _emails(value: tuple[str, ...]) -> tuple[str, ...]:
    for one in value:
        if re.fullmatch(r"[^@\s]+@[^@\s]+", one) is None:
            raise ValueError(one)
    return tuple(one.lower() for one in value)


def _role_map(value: object) -> object:
    if not isinstance(value, str):
        return value
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in value.split(","))):
        said, is_set, role = pair.rpartition("=")
        if not is_set or role.strip().lower() not in _ROLE_NAMES:
            raise ValueError(pair)
        found[said.strip()] = role.strip().lower()
    return found


def _level(value: str) -> str:
    if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError(value)
    return value.upper()


def _origin(value: tuple[str, ...]) -> tuple[str, ...]:
    for one in value:
        if one != "*" and re.fullmatch(r"https?://[^/\s]+/?", one) is None:
            raise ValueError(one)
    return tuple(one.rstrip("/") for one in value)


def _url(value: str) -> str:
    if "://" not in value:
        raise ValueError(value)
    return value


def _redis(value: str) -> str:
    if value and not re.match(r"(rediss?|unix)://", value):
        raise ValueError(value)
    return value


def _says(allowed: str) -> dict[str, Any]:
    return {"json_schema_extra": {"allowed": allowed}}


class Settings(BaseSettings):
    """What the environment (or a file `.env` in the working directory) says; SettingError for a value that cannot work."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, populate_by_name=True,
        hide_input_in_errors=True,
    )

    data_file: str = Field(
        "data/pulseboard.db", validation_alias="PULSEBOARD_DATA",
        description="The file of the embedded database, used while DATABASE_URL is not set.", **_says("the path of a file"),
    )
    database_url: Annotated[str, AfterValidator(_url)] = Field(
        default_factory=lambda given: f"sqlite:///{given.get('data_file', 'data/pulseboard.db')}", repr=False,
        description="Where everything is kept. When it is set, nothing is ever filled in by itself.",
        **_says("a database URL such as sqlite:///data/pulseboard.db"),
    )
    catalog_url: Annotated[str, AfterValidator(_url)] | None = Field(
        None, repr=False,
        description="With ClickHouse, the companion database that keeps what is small and changes: documents, numbers of "
        "users, which batches are finished. Replicas share one. When it is not set: an SQLite file, beside a chdb folder or "
        "in data/.",
        **_says("an SQLite or PostgreSQL URL such as sqlite:///data/catalog.db"),
    )
    redis_url: Annotated[str, AfterValidator(_redis)] = Field(
        "", repr=False, description="Redis between several replicas, which hear of each other at once through it and share "
        "answers. Without it, or while it is away, they notice each other through the database.",
        **_says("a URL such as redis://:password@host:6379/0, or rediss://... for TLS"),
    )
    currency: Annotated[str, AfterValidator(_currency)] = Field(
        "USD", description="The one reporting currency. An amount in another currency is refused.",
        **_says("an ISO 4217 code such as USD, EUR or JPY"),
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        "UTC", description="The reporting time zone: its midnights cut the days, weeks and months.",
        **_says("a name of the time zone database such as Europe/Berlin"),
    )
    week_start: Annotated[str, AfterValidator(_weekday)] = Field(
        "monday", description="The day a week starts on.", **_says(", ".join(WEEKDAYS)),
    )
    api_keys: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = Field(
        (), repr=False,
        description="Keys that may send, run the simulator, clear and change. Once a key is set, every change needs one, "
        "on this machine too. Without a key, changes are open on loopback and refused everywhere else.",
        **_says("keys with commas between them, each at least 16 random characters"),
    )
    sign_in: bool = Field(
        False, description="People sign in, and without a role nobody sees anything. `app.py` sets it where "
        "`.streamlit/secrets.toml` has a section `[auth]`; set it yourself where the API is served without the pages.",
        **_says("true or false"),
    )
    sign_in_label: str = Field(
        "single sign-on", description="What the sign-in provider is called on the button, after `Continue with`.",
        **_says("a name such as Company SSO"),
    )
    admin_emails: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_emails)] = Field(
        (), repr=False, description="Who is an administrator whenever they sign in: the first one, who gives the others "
        "their roles.", **_says("e-mail addresses with commas between them"),
    )
    role_claim: str = Field(
        "", description="The claim of the sign-in provider that says somebody's role, a text or a list of texts; dots lead "
        "into it. A role that an administrator gives goes before it.",
        **_says("a name such as groups or realm_access.roles"),
    )
    role_map: Annotated[dict[str, str], NoDecode, BeforeValidator(_role_map)] = Field(
        {}, description="Which values of ROLE_CLAIM mean which role; the highest counts. Without a map its values are the "
        "names of the roles.", **_says("pairs such as sales-leads=manager,it=admin; roles are " + ", ".join(_ROLE_NAMES)),
    )
    cors_origin: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_origin)] = Field(
        (), description="Web addresses whose pages may call the API and open the socket, and under which this server is "
        "published. `*` lets every page read; it never lets a page of another address change anything without a key.",
        **_says("addresses with commas between them, such as https://shop.example,https://admin.example, or *"),
    )
    websocket_max_connections: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        10_000, description="Most readers of the live feed at once, sockets and event streams together.",
        **_says("a whole number from 1 to 1000000"),
    )
    cache_ttl_seconds: Annotated[float, Field(ge=0, le=86_400)] = Field(
        10.0, description="Longest time an answer may be served again while its data did not change.",
        **_says("seconds from 0 to 86400"),
    )
    dashboard_refresh_floor: Annotated[int, Field(ge=2, le=300)] = Field(
        2, description="Fewest seconds between two refreshes of a dashboard, whatever its viewers choose.",
        **_says("a whole number of seconds from 2 to 300"),
    )
    event_processing_rate_limit: Annotated[RateLimit | None, BeforeValidator(_rate)] = Field(
        None, description="Most sending requests for each client (its key, or else its address). When it is not set: "
        "100/minute, and no limit while the server listens on loopback.",
        **_says("a rate such as 100/minute, 20/second or 5000/hour, or off"),
    )
    inbox_limit: Annotated[int, Field(ge=1, le=100_000_000)] = Field(
        100_000, description="Most records that may wait to be written; beyond it senders are asked to come back.",
        **_says("a whole number from 1 to 100000000"),
    )
    max_body_bytes: Annotated[ByteSize, Field(ge=1024, le=2**31)] = Field(
        ByteSize(32 * 1024 * 1024),
        description="Largest request body, and largest size it may unpack to when it is compressed.",
        **_says("a number of bytes from 1024 to 2147483648, or a size such as 32MiB"),
    )
    bind_host: str = Field(
        "127.0.0.1", validation_alias="HOST",
        description="The address the server listens on. `app.py` hands over what Streamlit was told (`server.address`); "
        "set it yourself only where another server, such as uvicorn with a configuration file, runs the app.",
        **_says("an address such as 127.0.0.1 or 0.0.0.0"),
    )
    active_threshold_minutes: Annotated[float, Field(gt=0, le=10_080)] = Field(
        30.0, description="A user without activity for this long leaves the list of live users.",
        **_says("minutes, more than 0 and up to 10080"),
    )
    demo: bool = Field(
        False, validation_alias=AliasChoices("DEMO", "PULSEBOARD_DEMO"),
        description="Fill an empty store with 30 days of marked demo data at the start; never where DATABASE_URL is set.",
        **_says("true or false"),
    )
    simulate: bool = Field(
        False, validation_alias="PULSEBOARD_SIMULATE", description="Start with the simulator running.",
        **_says("true or false"),
    )
    follow_sales: bool = Field(
        True, description="On MongoDB, take in the sales that other programs write into the collection `sales`.",
        **_says("true or false"),
    )
    write_collections: bool = Field(
        True,
        description="On MongoDB, write our own sales into the collection `sales` and figures into `metrics`, for other "
        "programs to read.",
        **_says("true or false"),
    )
    log_level: Annotated[str, AfterValidator(_level)] = Field(
        "INFO", description="The least severe log line that is written.", **_says("DEBUG, INFO, WARNING or ERROR"),
    )

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise SettingError(_sentence(error)) from None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def calendar(self) -> Calendar:
        return Calendar(self.zone, WEEKDAYS.index(self.week_start))

    @property
    def currency_digits(self) -> int:
        return CURRENCY_DIGITS[self.currency]

    @property
    def fills_demo(self) -> bool:
        """Whether an empty store is to be filled: asked for, and on the embedded default."""
        return self.demo and "database_url" not in self.model_fields_set

    @property
    def on_loopback(self) -> bool:
        return is_loopback(self.bind_host)

    @property
    def rate_limit(self) -> RateLimit | None:
        """The limit that holds, None where there is none."""
        limit = self.event_processing_rate_limit
        if limit is None:
            return None if self.on_loopback else SEED_RATE
        return limit if limit.amount else None


class Described(NamedTuple):
    """One row of the documentation of settings."""

    variable: str
    default: str
    allowed: str
    description: str


def described() -> Iterator[Described]:
    """Every setting for people, in the order of the class."""
    for name, field in Settings.model_fields.items():
        default = field.default
        if name == "database_url":
            shown = f"sqlite:///{Settings.model_fields['data_file'].default}"
        elif isinstance(default, tuple) or default is None or default in ("", {}):
            shown = "not set"
        elif isinstance(default, bool):
            shown = str(default).lower()
        else:
            shown = f"{default:g}" if isinstance(default, float) else str(default)
        yield Described(_variable(name), shown, _allowed(name), field.description or "")


def is_loopback(host: str | None) -> bool:
    """Whether a host name or address can only be reached from this machine."""
    name = (host or "").strip().strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


_SECRET = ("database_url", "catalog_url", "redis_url", "api_keys")


def _variable(name: str) -> str:
    return " or ".join(_variables(name))


def _variables(name: str) -> tuple[str, ...]:
    alias = Settings.model_fields[name].validation_alias
    if isinstance(alias, AliasChoices):
        return tuple(str(choice) for choice in alias.choices)
    return (alias if isinstance(alias, str) else name.upper(),)


def _allowed(name: str) -> str:
    extra = Settings.model_fields[name].json_schema_extra
    return str(extra.get("allowed", "")) if isinstance(extra, dict) else ""


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    where = str(first["loc"][0]) if first["loc"] else ""
    name = next((n for n in Settings.model_fields if where.upper() in (n.upper(), *_variables(n))), None)
    if name is None:
        return f"The setting {where} cannot be used: {first['msg']}."
    value = str(first.get("input"))[:80]
    shown = "has a value that cannot be used" if name in _SECRET else f"is {value!r}, which cannot be used"
    return f"{_variable(name)} {shown}. Allowed: {_allowed(name)}."
