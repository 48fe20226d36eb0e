"""Django's settings: what an operator may set at start comes through `env`; what staff set at run time: `options`."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.http.request import split_domain_port

from config import env, mail, texting
from config.api.settings import KNOX_TOKEN_MODEL, REST_FRAMEWORK, REST_KNOX, SPECTACULAR_SETTINGS  # noqa: F401

BASE_DIR = Path(__file__).resolve().parent.parent
DEBUG = env.flag("DEBUG", False)
DEMO = env.flag("DEMO", False)
# May a source (a UISP) be on this very machine? The demo's is.
LOOPBACK = env.flag("LOOPBACK", DEMO)
VAR = env.folder("VAR", BASE_DIR / "var" / "demo" if DEMO else BASE_DIR / "var")

HOST = env.text("HOST", "127.0.0.1")
PORT = env.number("PORT", 8000, 1, 65535)
SECRET_KEY = env.secret("SECRET_KEY", VAR / "secret_key")
# Opens the secrets that are in the database; several, separated by commas, the newest first (see sealed.py).
SEAL_KEYS = env.secret("SEAL_KEY", VAR / "seal_key").split(",")
# Made when the first backup is: a disk that is not there must not keep Towerwatch from looking.
BACKUP_FOLDER = Path(env.text("BACKUP_FOLDER", str(VAR / "backups"))).expanduser().absolute()
# Lets the heartbeat, which an administrator sets, reach private networks, too.
ALLOW_PRIVATE_URLS = env.flag("ALLOW_PRIVATE_URLS", False)
# The same for webhooks, which everybody on the staff may add.
WEBHOOK_PRIVATE = env.flag("WEBHOOK_PRIVATE", False)
LOCAL = HOST in ("127.0.0.1", "0.0.0.0", "::1", "::")  # noqa: S104
# In addresses IPv6 stands in brackets.
HOST_IN_URL = "localhost" if LOCAL else f"[{HOST}]" if ":" in HOST else HOST
PUBLIC_URL = env.address("PUBLIC_URL", f"http://{HOST_IN_URL}:{PORT}", ("http", "https"))
PUBLIC_HOST, _ = split_domain_port(urlsplit(PUBLIC_URL).netloc.rpartition("@")[2])
# The address on the console and in every link has to answer, whatever the list says.
ALLOWED_HOSTS = [*env.names("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]", HOST]), PUBLIC_HOST]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "config",
    "notifications",
    "agents",
    "customers",
    "outages",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.github",
    "anymail",
    "csp",
    "django_filters",
    "django_htmx",
    "django_q",
    "drf_spectacular",
    "knox",
    "rest_framework",
    "simple_history",
    "tablericons",
    "taggit",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.middleware.AskWho",
    "config.middleware.isp_zone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.shell.shell",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"],
                )
            ],
            "builtins": ["config.templatetags.shell"],
        },
    }
]

# Measured: WAL with deferred transactions lost 900 of 1,200 read-then-write transactions to "database is locked";
# IMMEDIATE lost none.
SQLITE: dict[str, Any] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA mmap_size=134217728; "
        "PRAGMA journal_size_limit=27103364; PRAGMA cache_size=2000; PRAGMA temp_store=MEMORY;"
    ),
}
DATABASES: dict[str, Any] = {"default": env.database("DATABASE_URL", VAR / "towerwatch.sqlite3")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # The test database is a file, so that the threads and processes of a test share it as they do in use.
    DATABASES["default"] |= {"OPTIONS": SQLITE, "TEST": {"NAME": str(VAR / "test.sqlite3")}}
else:
    DATABASES["default"] |= {"CONN_HEALTH_CHECKS": True}
if env.text("Q_CLUSTER_NAME"):
    # The queue's processes ask twenty times a second, and would make a new connection each time.
    DATABASES["default"]["CONN_MAX_AGE"] = None
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# API tokens are rows of config.Token; the table that knox would make for its own is read by nobody.
MIGRATION_MODULES = {"knox": None}

REDIS_URL = env.address("REDIS_URL", "", ("redis", "rediss"))
# Several machines on one database: each hears what the others change of subscriptions (see notifications/hosts.py).
HOSTS = env.choice("HOSTS", "ONE", ("ONE", "SEVERAL"))
if HOSTS == "SEVERAL" and DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    env.stop("HOSTS", "several", "SQLite is of one machine; set DATABASE_URL to a PostgreSQL")
SHARDS = env.number("SHARDS", 1, 1, 64)
# The faults these values keep away: a limit on saved results costs four fifths of the throughput; a task that raised
# and is not acknowledged runs again without end; `retry` below `timeout` doubles every long task.
Q_CLUSTER: dict[str, Any] = {
    "name": "default",
    "workers": 2,
    "poll": 0.05,
    "bulk": 10,
    "recycle": 100_000,
    "save_limit": -1,
    "ack_failures": True,
    "catch_up": False,
    "timeout": 120,
    "retry": 180,
    "label": "Towerwatch",
    **({"redis": REDIS_URL} if REDIS_URL else {"orm": "default"}),
    "ALT_CLUSTERS": {
        "looking": {"workers": SHARDS, "bulk": 1, "scheduler": False, "timeout": 900, "retry": 1200},
    },
}

AUTH_USER_MODEL = "config.User"
AUTHENTICATION_BACKENDS = ["config.people.RoleBackend", "allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "config.accounts.ClosedDoor"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
# An account comes by invitation, and an administrator changes its address: nothing is left to be proved.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_SESSION_REMEMBER = True
# Signing in by GitHub is there where the operator registered Towerwatch with it.
GITHUB_URL = env.address("GITHUB_URL", "https://github.com", ("http", "https"))
GITHUB = dict(zip(("client_id", "secret"), env.both("GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET"), strict=True))
SOCIALACCOUNT_PROVIDERS = {
    "github": {"provider_class": "config.github.GitHub", **({"APP": GITHUB} if all(GITHUB.values()) else {})}
}
SOCIALACCOUNT_ADAPTER = "config.accounts.ByGitHub"
# An address that GitHub tells proves nothing: no account is ever found by it.
SOCIALACCOUNT_EMAIL_REQUIRED = SOCIALACCOUNT_QUERY_EMAIL = False
SOCIALACCOUNT_REAUTHENTICATION_REQUIRED = True
MFA_ADAPTER = "config.accounts.SecondFactor"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_RECOVERY_CODES_SHOW_ONCE = True
# A phone's clock may be half a minute off.
MFA_TOTP_TOLERANCE = 1
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "now"
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
# Django sets TZ to the zone above; this is what it was, the first guess at the ISP's own zone.
STARTED_IN_ZONE = env.text("TZ")
USE_TZ = True
USE_I18N = False

STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "config.npm.NpmFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MESSAGE_TAGS = {10: "secondary", 20: "info", 25: "success", 30: "warning", 40: "danger"}

# One body of a request, an uploaded file apart.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440

TAGGIT_CASE_INSENSITIVE = True
TAGGIT_STRIP_UNICODE_WHEN_SLUGIFYING = True

# Ways of looking: a new probe is a file in agents/probes and a line here.
PROBES = {
    "icmp": "agents.probes.icmp.Icmp",
    "tcp": "agents.probes.tcp.Tcp",
    "uisp": "agents.probes.uisp.UispProbe",
}
# Where the agents get their checks from, and hand their readings to: floor 1 knows nothing of floor 3.
AGENT_WORK = "outages.looking.work"
AGENT_READINGS = "outages.recording.record"
AGENT_STATE = "outages.sources.polling.note"
# Ways to reach a person: a new channel is a file in notifications/channels and a line here.
CHANNELS = {
    "inbox": "notifications.channels.inbox.Inbox",
    "email": "notifications.channels.email.Email",
    "webpush": "notifications.channels.webpush.WebPush",
    "sms": "notifications.channels.sms.Sms",
    "webhook": "notifications.channels.webhook.Webhook",
    "apprise": "notifications.channels.chat.Chat",
}
# How many deliveries may leave by a channel in a minute, where that is another number than its own.
CHANNEL_LIMITS = env.limits("CHANNEL_LIMITS", CHANNELS)
# Who carries text messages: a new provider is a file in notifications/sms and a line here.
SMS_PROVIDERS = {"twilio": "notifications.sms.twilio.Twilio", "gateway": "notifications.sms.gateway.Gateway"}
SMS = texting.settings()
# Whose house this is: its name and zone, for what leaves it.
HOUSE = "config.options.current"
# Push services besides those of the known browsers; one on this machine is only asked where it is named here.
PUSH_HOSTS = env.names("PUSH_HOSTS", [])
MAIL = mail.settings(PUBLIC_HOST)
EMAIL_READY: bool = MAIL["EMAIL_READY"]
EMAIL_ROAD: str = MAIL["EMAIL_ROAD"]
# Which settings of e-mail there are depends on the road that was chosen.
globals().update(MAIL)
# What the apps declare and lower floors collect.
EVENTS = [f"{app}.events.EVENTS" for app in ("outages", "customers", "agents", "config", "notifications")]
RECIPIENTS = ["config.people.RECIPIENTS", "notifications.duty.on_duty.RECIPIENTS"]
# Who is told where nobody is on duty, and where nobody on duty answers.
LAST_RESORT = ("role", "administrator")
# What else is done when a notice is acknowledged: called with its object, by whom, and when.
ACKNOWLEDGED = ["outages.actions.acknowledged"]
# What is known of a customer: handed out as a whole, or with the name taken out; the lower floors first.
KNOWN_OF_CUSTOMERS = ["customers.privacy.known.PARTS", "outages.privacy.PARTS"]
# Of which objects there are reports, and what stands on them.
REPORTS = ["outages.reports.REPORTS"]
SEARCH = ["outages.search.SEARCH", "customers.search.SEARCH"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {"masked": {"()": "config.masked.Masked"}, "brief": {"()": "config.brief.Brief"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["masked", "brief"]}},
    "root": {"handlers": ["console"], "level": env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))},
    "loggers": {
        "django-q": {"level": "WARNING"},
        # They log addresses, and those of chats are secrets. The channel reads Apprise's warnings; they go no further.
        "apprise": {"level": "WARNING", "propagate": False},
        "urllib3": {"level": "INFO"},
        "fontTools": {"level": "WARNING"},
        # Whoever scans for hosts would fill the log with tracebacks.
        "django.security.DisallowedHost": {"handlers": [], "propagate": False},
    },
}
