"""Generates the client of each service that is named, as `openapi-python-client generate` does, in one process."""

import sys

from openapi_python_client.cli import app

for service in sys.argv[1:]:
    given = ["--path", f"{service}.json", "--output-path", f"{service}_client"]
    status = app(["generate", "--meta", "none", "--config", "config.yaml", *given], standalone_mode=False)
    if status:
        sys.exit(status)
