"""Errors as a program handles them."""

import copy
import pickle

import pytest

from placket.client import errors

BODY = {"failureList": [{"request": 1, "errorMessage": "why"}]}


@pytest.mark.parametrize(
    "error",
    [
        errors.NotReachable("reset"),
        errors.UnexpectedAnswer("a page", 503, 2.0),
        errors.NoSuchField("there is no 'itmes'", 200),
        errors.WaitTimeout("it has not ended", {"status": "running"}),
        errors.NoSuchProduct(-40050, "no such product", name="N", status=404, request_id="r1", body={"code": -40050}),
        errors.NothingAccepted(824, "no entry is valid", status=400, retry_after=1.0, body=BODY),
    ],
)
def test_an_error_of_a_worker_process_arrives_whole(error: errors.ClientError) -> None:
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (type(twin), str(twin), vars(twin)) == (type(error), str(error), vars(error))
