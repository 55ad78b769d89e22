"""Errors as OpenAI's API tells them: {"error": {"message", "type", "param", "code"}}."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from bunsan.base.errors import BadInput, BunsanError, Missing

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "server_error",
    503: "server_error",
}


class ApiError(Exception):
    """An answer that is an error.

    Parameters
    ----------
    status : of HTTP.
    message : what is wrong, for people.
    param : the field of the request it is about. code : for programs.
    headers : of the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.param, self.code = status, message, param, code
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """What is sent."""
        return {
            "error": {
                "message": self.message,
                "type": _TYPES.get(self.status, "invalid_request_error"),
                "param": self.param,
                "code": self.code,
            }
        }

    def response(self) -> JSONResponse:
        """The whole answer."""
        return JSONResponse(self.body(), self.status, headers=self.headers)


def unsupported(param: str, why: str = "") -> ApiError:
    """A field that means something which is not done here."""
    return ApiError(
        400,
        f"{param} is not supported{': ' + why if why else ''}.",
        param=param,
        code="unsupported_parameter",
    )


def as_api_error(error: BaseException) -> ApiError:
    """Any error as one that can be sent; what nobody foresaw says nothing of the inside."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, Missing):
        return ApiError(404, error.problem, code="not_found")
    if isinstance(error, BadInput):
        return ApiError(400, str(error), code="bad_input")
    if isinstance(error, BunsanError):
        return ApiError(500, error.problem, code="failed")
    if isinstance(error, MemoryError):
        return ApiError(503, "Out of memory.", code="out_of_memory", headers={"Retry-After": "5"})
    return ApiError(500, "The server failed.", code="internal_error")


def install(app: FastAPI) -> None:
    """Every error that leaves the app has this form."""

    async def own(_: Request, error: Exception) -> JSONResponse:
        return as_api_error(error).response()

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return _invalid(error).response()

    async def http(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code)
        message = str(error.detail)
        if error.status_code == 404:
            message = "There is nothing at this address."
        found = ApiError(error.status_code, message, code=code, headers=error.headers)
        return found.response()

    app.add_exception_handler(ApiError, own)
    app.add_exception_handler(BunsanError, own)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, own)


def _invalid(error: RequestValidationError) -> ApiError:
    """The first thing that is wrong; what was sent is not repeated."""
    first = error.errors()[0]
    kind = str(first.get("type", ""))
    place = [str(part) for part in first.get("loc", ()) if part not in ("body", "path", "query")]
    if kind == "json_invalid":
        return ApiError(400, "The body is no JSON.", code="invalid_json")
    # Of a union the names of its branches stand in the place too: the field comes first.
    param = place[0] if place else None
    if kind == "extra_forbidden":
        return ApiError(
            400, f"Unrecognized request argument supplied: {'.'.join(place)}",
            param=param, code="unknown_parameter",
        )  # fmt: skip
    message = str(first.get("msg", "invalid"))
    where = ".".join(place)
    code = "missing_required_parameter" if kind == "missing" else "invalid_value"
    return ApiError(400, f"{where}: {message}" if where else message, param=param, code=code)
