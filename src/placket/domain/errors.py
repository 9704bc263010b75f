"""What can go wrong, as facts of the domain.

Each API has one table that turns these into its own codes; nothing below ``api`` knows a status code.
``detail`` is a sentence for the caller that says what to mend; it never carries a secret.
"""


class PlacketError(Exception):
    """Base of every expected failure. ``reason`` is a stable machine-readable word."""

    reason = "Error"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or self.reason)
        self.detail = detail or self.reason


class InvalidParameter(PlacketError):
    reason = "InvalidParam"


class NothingToRepeat(InvalidParameter):
    """Of an index run."""

    def __init__(self) -> None:
        super().__init__("the run has no failed rows that can be repeated")


# --- who asks


class Unauthorized(PlacketError):
    reason = "Unauthorized"


class AccessDenied(PlacketError):
    """The key is good, and not for this call."""

    reason = "AccessDenied"


class RateLimited(PlacketError):
    reason = "RateLimited"

    def __init__(self, detail: str = "", retry_after: float = 1.0) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class KeyNameTaken(PlacketError):
    reason = "KeyNameTaken"


class NoSuchKey(PlacketError):
    reason = "NoSuchKey"


# --- services and documents


class NoSuchService(PlacketError):
    reason = "NotExistService"


class ServiceExists(PlacketError):
    reason = "DuplicateServiceName"


class ServiceQuotaExceeded(PlacketError):
    reason = "ServiceQuotaExceeded"


class NoSuchProduct(PlacketError):
    reason = "NotFoundProductId"


class DocumentQuotaExceeded(PlacketError):
    reason = "DocumentQuotaExceeded"


# --- index requests


class IndexFileInvalid(PlacketError):
    reason = "InvalidFileError"


class IndexFileEmpty(PlacketError):
    reason = "NoDataError"


class IndexFileTooLarge(PlacketError):
    reason = "ExceedDataSizeError"


class IndexQuotaExceeded(PlacketError):
    reason = "IndexQuotaExceeded"


class IndexRequestInProgress(PlacketError):
    """Two index requests for one service are being received at the same moment."""

    reason = "TooManyRequest"


class NoSuchRun(PlacketError):
    reason = "NoSuchRun"


class RunNotCancellable(PlacketError):
    reason = "RunNotCancellable"


# --- fetching


class FetchError(PlacketError):
    """Base of what can fail while an untrusted URL is turned into bytes. ``transient``: a retry may help."""

    reason = "FetchError"
    transient = False


class UrlMalformed(FetchError):
    """Not a URL, or a scheme other than http and https."""

    reason = "UrlMalformed"


class UrlRefused(FetchError):
    """A well-formed URL that policy forbids: address, port, credentials, redirects."""

    reason = "UrlRefused"


class FetchFailed(FetchError):
    """No connection, a broken one, or an answer that is not 200. 5xx and resets are transient."""

    reason = "FetchFailed"

    def __init__(self, detail: str = "", *, transient: bool = False, status: int | None = None) -> None:
        super().__init__(detail)
        self.transient = transient
        self.status = status


class FetchTimeout(FetchError):
    reason = "FetchTimeout"
    transient = True


class FetchBusy(RateLimited, FetchTimeout):
    """So many downloads from the host are waiting that this one was never begun: no fault of the image's."""

    reason = FetchTimeout.reason


class FetchTooLarge(FetchError):
    reason = "FetchTooLarge"


# --- images and vision


class ImageError(PlacketError):
    """A picture's own fault: it cannot be used, whoever looks."""

    reason = "ImageError"


class ImageFormatUnsupported(ImageError):
    """Not an image, a truncated one, or a format that the caller's API does not take."""

    reason = "ImageFormatUnsupported"


class ImageTooManyBytes(ImageError):
    """More bytes than are taken."""

    reason = "ImageTooManyBytes"


class ImageTooManyPixels(ImageError):
    """More pixels than are taken, or than there is memory for."""

    reason = "ImageTooManyPixels"


class ImageTooSmall(ImageError):
    """Fewer pixels a side than are taken."""

    reason = "ImageTooSmall"


class ImageAspectRatio(ImageError):
    """More elongated than is taken."""

    reason = "ImageAspectRatio"


class NoGarmentFound(PlacketError):
    reason = "NoGarmentFound"


class VisionUnavailable(PlacketError):
    """No bundle, or the vision process cannot be started."""

    reason = "VisionUnavailable"


class VisionCrashed(ImageError):
    """This image made the vision process die, alone, twice. It is not tried again."""

    reason = "VisionCrashed"


class BundleInvalid(VisionUnavailable):
    """What is there is no bundle, a damaged one, or not one that this version can use."""

    reason = "BundleInvalid"


class BundleNotKept(VisionUnavailable):
    """No copy of the bundle that a service was indexed with is here any more, or none that can be read."""

    reason = "BundleNotKept"


class BundleMismatch(PlacketError):
    """Embeddings of two bundles were about to be compared."""

    reason = "BundleMismatch"


class LinkInvalid(InvalidParameter):
    """A search link that is forged, damaged, foreign or of another bundle."""


# --- the installation itself


class StorageUnavailable(PlacketError):
    reason = "StorageUnavailable"


class ServerStopping(PlacketError):
    """It was told to end, and the request was not through in the time that is left for that."""

    reason = "ServerStopping"


class SchemaTooNew(StorageUnavailable):
    """The database was written by a newer Placket than this one."""

    reason = "SchemaTooNew"


class EmbeddedServerError(StorageUnavailable):
    reason = "EmbeddedServerError"
