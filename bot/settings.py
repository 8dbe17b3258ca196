"""Settings from the environment and `.env`; the only file that reads either. Every fault is listed at once."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, PrivateAttr, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.domain import Severity
from bot.errors import ConfigurationError, Fault

PREFIX = "STRAITWATCH_"


class Settings(BaseSettings):
    """All that an operator may set. Names in the environment: `STRAITWATCH_` + the field's name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file_encoding="utf-8", extra="ignore", frozen=True)

    telegram_token: SecretStr = Field(
        default=SecretStr(""), description="Bot token from @BotFather; empty: alerts go to the terminal"
    )
    telegram_token_file: Path | None = Field(default=None, description="File that holds the token, for Docker secrets")
    telegram_api: str = Field(default="https://api.telegram.org", description="Bot API server, for a self-hosted one")
    owner_id: int = Field(default=0, description="Your Telegram user id; 0: the first to send /start becomes the owner")
    allowed_ids: Annotated[tuple[int, ...], NoDecode] = Field(
        default=(), description="Users and chats that may use the bot beside the owner, separated by commas"
    )
    webhook_url: str = Field(default="", description="Public https address for a webhook; empty: long polling")
    webhook_secret: SecretStr = Field(
        default=SecretStr(""), description="Secret token of the webhook, 16-256 characters"
    )
    webhook_listen: str = Field(default="127.0.0.1:8081", description="Address on which the webhook listens")
    database_url: str = Field(
        default="sqlite:///./data/straitwatch.sqlite3", description="SQLite file or postgresql:// address", repr=False
    )
    sources_file: Path | None = Field(default=None, description="Your own sources.yaml instead of the shipped one")
    rules_dir: Path | None = Field(default=None, description="Folder with your own rules, beside the shipped catalog")
    rules_per_chat: int = Field(default=50, ge=1, le=1000, description="Most alert rules of one chat")
    costly_rules_per_chat: int = Field(
        default=5, ge=0, le=100, description="Most rules of one chat without any required word, as of a regex alone"
    )
    templates_dir: Path | None = Field(default=None, description="Folder with your own digest templates")
    model_file: Path | None = Field(default=None, description="A model of your own instead of the shipped one")
    contact: str = Field(
        default="https://github.com/straitwatch", description="Contact in the User-Agent: an address or a URL"
    )
    zone: str = Field(default="UTC", description="IANA time zone of new chats and of the terminal")
    terminal_level: str = Field(
        default="low", description="Level of the terminal: informational, low, medium, high, critical"
    )
    fetch_timeout: float = Field(
        default=30.0, gt=0, le=300, description="Total seconds for one request, redirects included"
    )
    fetch_max_bytes: int = Field(
        default=5_000_000, ge=100_000, le=50_000_000, description="Largest answer read, decoded"
    )
    fetch_concurrency: int = Field(default=100, ge=1, le=300, description="Requests under way at once")
    freshness_hours: int = Field(default=72, ge=1, le=24 * 30, description="Older items are never alerted as new")
    precision: str = Field(default="balanced", description="How sure to be before flagging: eager, balanced, strict")
    retention_days: int = Field(default=400, ge=30, description="How long articles, stories and deliveries are kept")
    log_format: str = Field(default="text", description="text or json")
    log_level: str = Field(default="warning", description="debug, info, warning, error")
    web_listen: str = Field(default="", description="Address of the web page, such as 127.0.0.1:8080; empty: off")
    web_token: SecretStr = Field(default=SecretStr(""), description="Token that the web page asks for")
    metrics_listen: str = Field(default="", description="Address of /metrics, /healthz, /readyz; empty: off")
    ping_url: str = Field(
        default="", description="Dead-man switch: fetched every five minutes while all is well", repr=False
    )
    allow_private_networks: bool = Field(
        default=False, description="Let sources live on private or loopback addresses (own test servers only)"
    )

    _env_place: Path | None = PrivateAttr(default=None)  # where secrets of sources are looked for, too

    @field_validator("allowed_ids", mode="before")
    @classmethod
    def _split_ids(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder of zones, such as Europe
            raise ValueError(f"{value!r} is no IANA time zone; write it like Europe/Amsterdam") from None
        return value

    @field_validator("telegram_token_file", "sources_file", "rules_dir", "templates_dir", "model_file")
    @classmethod
    def _present_path(cls, value: Path | None) -> Path | None:
        if value is not None and not value.exists():
            raise ValueError(f"{value} does not exist")
        return value

    @field_validator("terminal_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in Severity.__members__:
            raise ValueError(f"{value!r} is no level; use one of {', '.join(level.word for level in Severity)}")
        return value.lower()

    @field_validator("precision", "log_format", "log_level")
    @classmethod
    def _known_word(cls, value: str, info: Any) -> str:
        allowed = {
            "precision": ("eager", "balanced", "strict"),
            "log_format": ("text", "json"),
            "log_level": ("debug", "info", "warning", "error"),
        }[info.field_name]
        if value.lower() not in allowed:
            raise ValueError(f"{value!r} is not one of {', '.join(allowed)}")
        return value.lower()

    @field_validator("telegram_token")
    @classmethod
    def _shaped_token(cls, value: SecretStr) -> SecretStr:
        number, _, rest = value.get_secret_value().partition(":")
        if value.get_secret_value() and not (number.isdigit() and len(rest) >= 30):
            raise ValueError("does not look like a bot token (123456789:AA...); copy it again from @BotFather")
        return value

    @property
    def token(self) -> str:
        """Give the bot token, from its file where one is named; empty where none is set."""
        if self.telegram_token_file is not None:
            return self.telegram_token_file.read_text(encoding="utf-8").strip()
        return self.telegram_token.get_secret_value()

    def secret(self, name: str) -> str:
        """Give a secret that a source refers to: from the environment or `.env`, or from the file that NAME_FILE names.

        Raises LookupError with what is missing. Straitwatch's own settings are no secrets of sources: a mistaken
        reference must not send the bot token to a publisher.
        """
        if name.upper().startswith(PREFIX) or name.upper() in {"DATABASE_URL", "PGPASSWORD"}:
            raise LookupError(f"{name} is Straitwatch's own and is sent to no source")
        value, place = self._variable(name), self._variable(f"{name}_FILE")
        if place and not value:
            try:
                value = Path(place).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                why = error.strerror if isinstance(error, OSError) else "no UTF-8 text"
                raise LookupError(f"the file that {name}_FILE names cannot be read ({why})") from None
        if not value:
            raise LookupError(f"the secret {name} is not set")
        return value

    def _variable(self, name: str) -> str:
        from dotenv import dotenv_values  # noqa: PLC0415 - only where a source has a secret

        found = os.environ.get(name, "")
        if not found and self._env_place is not None:
            found = dotenv_values(self._env_place, interpolate=False).get(name) or ""
        return found.strip()

    def secrets(self) -> tuple[str, ...]:
        """Give all secrets in the settings, for whatever must not show them."""
        found = [one.get_secret_value() for one in (self.telegram_token, self.webhook_secret, self.web_token)]
        with suppress(OSError, UnicodeDecodeError):
            found += [self.token, self.token.partition(":")[2]]
        with suppress(ValueError):
            database = urlsplit(self.database_url)
            found.append(unquote(database.password or ""))
            found += [value for name, value in parse_qsl(database.query) if name == "password"]
        if self.ping_url:
            ping = urlsplit(self.ping_url)
            found += [self.ping_url, f"{ping.path}?{ping.query}".rstrip("?").lstrip("/"), unquote(ping.password or "")]
        return tuple(dict.fromkeys(one for one in found if one))


def load_settings(env_file: Path | None = Path(".env")) -> Settings:
    """Read the environment and `env_file`; raises ConfigurationError with every fault, its place and remedy."""
    present = env_file if env_file is not None and env_file.is_file() else None
    try:
        settings = Settings(_env_file=present, **_plain_database_url())  # type: ignore[call-arg]
    except ValidationError as error:
        faults: list[Fault] = []
        for fault in error.errors():
            name = PREFIX + "_".join(str(part) for part in fault["loc"][:1]).upper()
            problem = str(fault["msg"]).removeprefix("Value error, ")
            place = f"{name} (environment or {env_file})"
            faults.append(Fault(place=place, problem=problem, remedy="Set it right or leave it out for the default"))
        raise ConfigurationError(faults) from None
    settings._env_place = present  # noqa: SLF001 - made here
    return settings


def _plain_database_url() -> dict[str, Any]:
    """Take `DATABASE_URL`, the name that platforms set, where our own name is not set."""
    plain = os.environ.get("DATABASE_URL", "")
    return {"database_url": plain} if plain and PREFIX + "DATABASE_URL" not in os.environ else {}


def env_example() -> str:
    """Write `.env.example`: every setting with its meaning and default, commented out."""
    lines = [
        "# Copy to .env and set what you need; every line is optional. Made by: straitwatch settings --example",
        "",
    ]
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = default.get_secret_value() if isinstance(default, SecretStr) else default
        value = "" if shown in (None, ()) else str(shown).lower() if isinstance(shown, bool) else str(shown)
        lines += [f"# {field.description}", f"# {PREFIX}{name.upper()}={value}", ""]
    return "\n".join(lines).rstrip() + "\n"
