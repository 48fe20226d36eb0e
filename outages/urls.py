"""Addresses of this floor's pages."""

from django.urls import path

from outages.sources import views as sources
from outages.views import checks, incidents, looking, now, outages, triage, unwatched

urlpatterns = [
    path("", now.now, name="now"),
    path("now/board/", now.board, name="now_board"),
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/<int:pk>/", incidents.incident, name="incident"),
    path("incidents/<int:pk>/work/", incidents.work, name="incident_work"),
    path("incidents/<int:pk>/acknowledge/", incidents.acknowledge, name="incident_acknowledge"),
    path("incidents/<int:pk>/note/", incidents.add_note, name="incident_note"),
    path("outages/", outages.outages, name="outages"),
    path("outages/<int:pk>/", outages.outage, name="outage"),
    path("equipment/look-at-all/", unwatched.look_at_all, name="look_at_all"),
    path("equipment/add/", checks.add_equipment, name="equipment_add"),
    path("equipment/<int:pk>/checks/add/", checks.add, name="check_add"),
    path("equipment/<int:pk>/looking/", looking.panel, name="equipment_looking"),
    path("equipment/<int:pk>/ping/", looking.ping, name="equipment_ping"),
    path("equipment/<int:pk>/trace/", looking.trace, name="equipment_trace"),
    path("checks/<int:pk>/", checks.edit, name="check_edit"),
    path("checks/<int:pk>/delete/", checks.delete, name="check_delete"),
    path("checks/<int:pk>/readings/", looking.readings, name="check_readings"),
    path("triage/", triage.triage, name="triage"),
    path("triage/sort/", triage.sort, name="triage_sort"),
    path("sources/", sources.sources, name="sources"),
    path("sources/add/", sources.add, name="source_add"),
    path("sources/hint/<str:token>/", sources.hint, name="source_hint"),
    path("sources/<int:pk>/", sources.source, name="source"),
    path("sources/<int:pk>/edit/", sources.edit, name="source_edit"),
    path("sources/<int:pk>/preview/", sources.preview, name="source_preview"),
    path("sources/<int:pk>/look/", sources.look, name="source_look"),
    path("sources/<int:pk>/accept/", sources.accept, name="source_accept"),
    path("sources/<int:pk>/sync/", sources.sync, name="source_sync"),
    path("sources/<int:pk>/switch/", sources.switch, name="source_switch"),
    path("sources/<int:pk>/remove/", sources.remove, name="source_remove"),
    path("sources/<int:pk>/rotate/", sources.rotate, name="source_rotate"),
    path("sources/<int:pk>/links/<int:link>/", sources.choose, name="source_choose"),
]
