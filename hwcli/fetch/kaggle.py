"""Kaggle datasets, by kagglehub: its credentials, its cache, public sets without a login."""

import logging
import os
from pathlib import Path

from hwcli.errors import AuthError, FetchError
from hwcli.fetch.archive import MissingError

_log = logging.getLogger(__name__)

_LOGIN = "put a token from kaggle.com/settings into ~/.kaggle/kaggle.json, or use --mirror"


def cached(handle: str) -> Path | None:
    """The folder in kagglehub's cache with the newest files of `owner/name`, None if not there.

    kagglehub itself is not asked: it takes half a second to start.
    """
    base = os.environ.get("KAGGLEHUB_CACHE") or Path.home() / ".cache/kagglehub"
    versions = Path(base, "datasets", handle, "versions")
    there = [p for p in versions.glob("*") if p.name.isdecimal() and p.is_dir()]
    return max(there, key=lambda p: int(p.name), default=None)


def fetch(handle: str) -> Path:
    """The folder that holds the files of the dataset `owner/name`, in kagglehub's cache.

    Raises:
        AuthError: Kaggle wants credentials, or refuses those it got.
        MissingError: there is no such dataset, or Kaggle cannot be reached.
        FetchError: it failed otherwise.
    """
    import kagglehub  # noqa: PLC0415  # half a second, and most recipes do without
    import kagglehub.exceptions as faults  # noqa: PLC0415
    import requests  # noqa: PLC0415  # what kagglehub speaks HTTP with

    try:
        return Path(kagglehub.dataset_download(handle))
    except (faults.CredentialError, faults.UnauthenticatedError) as error:
        raise AuthError(f"kaggle:{handle}: Kaggle wants a login", hint=_LOGIN) from error
    except faults.KaggleApiHTTPError as error:
        code = error.response.status_code if error.response is not None else 0
        if code in (401, 403):  # Kaggle says 403 for what does not exist, too
            raise AuthError(f"kaggle:{handle}: Kaggle answers HTTP {code}", hint=_LOGIN) from error
        if code == 404:
            raise MissingError(f"kaggle:{handle}: no such dataset", hint="try --mirror") from error
        raise FetchError(f"kaggle:{handle}: Kaggle answers HTTP {code}") from error
    except requests.RequestException as error:
        # Its text may hold the address, never the token; the class alone says enough.
        raise MissingError(
            f"kaggle:{handle}: Kaggle cannot be reached ({type(error).__name__})",
            hint="try --mirror",
        ) from error
    except (
        faults.BackendError,
        faults.NotFoundError,
        faults.DataCorruptionError,
        OSError,
        ValueError,
    ) as error:
        raise FetchError(f"kaggle:{handle}: {type(error).__name__}", hint="try again") from error
