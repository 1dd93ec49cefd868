"""What the app routes answer when they cannot do what was asked: one class per cause."""

from ..errors import AppError


class AppNotFound(AppError):
    """No app has this slug."""

    status = 404
    code = "app_not_found"


class ModelNotFound(AppError):
    """No app, server or pipeline has the name that an image API's request gives as its model."""

    status = 404
    code = "model_not_found"


class UnknownAddress(AppError):
    """Below the prefix of an image API there is nothing at this address."""

    status = 404
    code = "unknown_address"


class RunFailed(AppError):
    """An image API's request was run, and gave no picture."""

    status = 500
    code = "run_failed"


class AnswerTooLarge(AppError):
    """The pictures of one request have more bytes than one answer may hold."""

    status = 500
    code = "answer_too_large"


class VersionNotFound(AppError):
    """The app exists, the version that was asked for does not."""

    status = 404
    code = "version_not_found"


class RunNotFound(AppError):
    """No run has this id, or the id is not one of ours."""

    status = 404
    code = "run_not_found"


class OutputUnavailable(AppError):
    """The run has no such output, or ComfyUI no longer has its file."""

    status = 404
    code = "output_unavailable"


class BadRequest(AppError):
    """The request itself is malformed: body, header or query."""

    status = 400
    code = "bad_request"


class Unauthorized(AppError):
    """A key is needed, and none or a wrong one was given."""

    status = 401
    code = "unauthorized"


class Forbidden(AppError):
    """Whoever calls is known, and may not do this."""

    status = 403
    code = "forbidden"


class NotThisMachine(AppError):
    """`apps.access` is "loopback", and the call comes from elsewhere."""

    status = 403
    code = "not_this_machine"


class KeyNotFound(AppError):
    """No key has this id."""

    status = 404
    code = "key_not_found"


class MethodNotAllowed(AppError):
    """The address exists, the method does not."""

    status = 405
    code = "method_not_allowed"

    def __init__(self, message: str, allowed: str) -> None:
        super().__init__(message)
        self.allowed = allowed


class BodyTooLarge(AppError):
    """The body is larger than `apps.body_kb`."""

    status = 413
    code = "body_too_large"


class UnsupportedMedia(AppError):
    """The body is not JSON, or is compressed."""

    status = 415
    code = "unsupported_media_type"


class InvalidInput(AppError):
    """The body was read, but its values do not fit the app; `details` lists every mistake."""

    status = 422
    code = "invalid_input"


class MissingModel(AppError):
    """The app needs nodes, models or files that this ComfyUI does not have; `details` lists them."""

    status = 422
    code = "missing_model"


class StaleInput(AppError):
    """Nothing of what a publisher picked exists in the workflow; `details` lists it."""

    status = 422
    code = "stale_input"


class VersionConflict(AppError):
    """The app has changed since its publisher read it."""

    status = 409
    code = "version_conflict"


class BundledApp(AppError):
    """The app comes with the pack and cannot be changed."""

    status = 409
    code = "bundled_app"


class QueueFull(AppError):
    """As many runs wait as `apps.queued` allows."""

    status = 429
    code = "queue_full"
    retry_after = 5  # seconds; a guess, because nothing here knows how long a run takes


class IdempotencyKeyReuse(AppError):
    """The Idempotency-Key came with another request before."""

    status = 409
    code = "idempotency_key_reuse"


class NoSuchRange(AppError):
    """A file has not the part that `Range` names."""

    status = 416
    code = "no_such_range"

    def __init__(self, size: int | None) -> None:
        """`size` of the file in bytes, where it is known."""
        super().__init__("The file has no such range" + ("." if size is None else f"; it has {size} bytes."))
        self.range = "" if size is None else f"bytes */{size}"


class RunExpired(AppError):
    """The run is over and forgotten."""

    status = 410
    code = "run_expired"


class TooManyStreams(AppError):
    """As many listen already as `apps.streams` allows."""

    status = 429
    code = "too_many_streams"
    retry_after = 15  # seconds


class RunActive(AppError):
    """The run has not ended, so it cannot be deleted."""

    status = 409
    code = "run_active"


class RateLimited(AppError):
    """A key is used more often than it may be, or wrong ones are tried."""

    status = 429
    code = "rate_limited"

    def __init__(self, message: str, retry_after: int) -> None:
        """`retry_after`: seconds."""
        super().__init__(message)
        self.retry_after = retry_after


class NotReady(AppError):
    """ComfyUI or the store cannot be used right now; nothing was queued."""

    status = 503
    code = "not_ready"


class NewerStore(NotReady):
    """The store was written by a newer Lectern: trying again does not help."""

    code = "newer_store"


class FileNotKept(AppError):
    """No file has this id, or its time is over, or it is another one's."""

    status = 404
    code = "file_not_found"


class FileTooLarge(AppError):
    """A file is larger than `apps.file_mb`."""

    status = 413
    code = "file_too_large"


class FilesFull(AppError):
    """All files together would be larger than `apps.files_mb`, or the disk is full."""

    status = 507
    code = "files_full"


class UnusableFile(AppError):
    """A file is damaged, or not what it says it is."""

    status = 415
    code = "unsupported_media_type"


class UploadStalled(AppError):
    """A caller sends nothing for too long."""

    status = 408
    code = "request_timeout"


class MissingFile(AppError):
    """A run's file is gone, or ComfyUI does not take it."""

    status = 422
    code = "missing_file"


class AddressRefused(AppError):
    """lectern.toml does not allow an address."""

    status = 422
    code = "url_not_allowed"


class AddressFailed(AppError):
    """An address that is allowed gave no usable answer."""

    status = 422
    code = "url_failed"
