"""Django's settings of the API: who gets in and how often, what is read and answered, and how it is described."""

from __future__ import annotations

from datetime import timedelta

LETS_IN = ["rest_framework.permissions.IsAuthenticated", "config.api.access.Admitted"]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "config.api.access.ByToken",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [*LETS_IN, "config.api.access.InScope", "config.api.access.Allowed"],
    "DEFAULT_THROTTLE_CLASSES": ["config.api.access.OftenEnough"],
    "DEFAULT_THROTTLE_RATES": {"each": "600/min"},
    "DEFAULT_PARSER_CLASSES": ["config.api.body.Json"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "config.api.faults.answer",
    "URL_FORMAT_OVERRIDE": None,
}
KNOX_TOKEN_MODEL = "config.Token"  # noqa: S105
REST_KNOX = {"TOKEN_TTL": timedelta(days=90), "AUTO_REFRESH": False}
SPECTACULAR_SETTINGS = {
    "TITLE": "Towerwatch API",
    "VERSION": "1",
    "DESCRIPTION": "Customers, the equipment that serves them, and what is down: the same that the pages show.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": LETS_IN,
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    # What two fields of one kind share: a day to begin, and one to end.
    "ENUM_NAME_OVERRIDES": {"DayEnum": "notifications.api.rota.DAYS"},
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "config.api.schema.with_faults"],
}
