"""Floor 1 as a Django app: who looks, how one looks, what came back."""

from django.apps import AppConfig


class AgentsConfig(AppConfig):
    """Agents, their probes and their shifts."""

    name = "agents"
