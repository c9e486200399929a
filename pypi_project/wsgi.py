"""The WSGI application, for every server that runs it."""

import os

import django

from packages.wsgi import Handler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pypi_project.settings")
django.setup(set_prefix=False)

application = Handler()
