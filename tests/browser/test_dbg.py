import threading
from django.db import connections, connection
from django.conf import settings
from tests.chromium import launched
def test_x(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        print(settings.DATABASES["default"]["NAME"], connections.settings["default"]["NAME"], connection.settings_dict["NAME"], id(connection._connections if 0 else 0))
        with launched():
            print(connections["default"].settings_dict["NAME"], connections["default"].introspection.table_names()[:3])
            t=threading.Thread(target=lambda: print(connections["default"].settings_dict["NAME"], connections["default"].introspection.table_names()[:3])); t.start(); t.join()
        print(connections["default"].settings_dict["NAME"], connections["default"].introspection.table_names()[:3])
