"""The WSGI application, for every server that runs it."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pypi_project.settings")

application = get_wsgi_application()
