import json, traceback, sys
import schemathesis, pytest
from hypothesis import settings, HealthCheck
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from api.test_openapi import schema, token
from regulars.database.sqlite.base import DatabaseWrapper
orig = DatabaseWrapper._close
def close(self):
    traceback.print_stack(limit=25, file=open("/tmp/regulars/api_close.txt","a"))
    return orig(self)
DatabaseWrapper._close = close
@schema.include(path="/stores", method="GET").parametrize()
@settings(max_examples=2,suppress_health_check=list(HealthCheck))
def test_x(case, token):
    r = case.call(headers={"Authorization": f"Bearer {token}"})
    assert r.status_code != 500
