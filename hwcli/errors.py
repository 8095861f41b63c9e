"""The error tree: each class owns its exit code; the codes are stable.

    HwcliError            1   a bug in hwcli
    ├── UsageError        2   options that do not go together
    ├── InputError        3   input missing, not readable, or nothing matched
    ├── RecipeError       4   unknown recipe name, bad recipe file
    ├── FetchError        5   download or checksum
    ├── DatasetError      6   dataset or shard
    ├── ModelError        7   model file, or model and data do not fit
    ├── PartialFailure    8   finished, some or all items failed
    ├── AuthError         9   not authorised (Kaggle)
    ├── DependencyError  10   missing dependency or device
    └── QualityGateError 11   a quality gate was not met

An interrupted run ends with 130.
"""

EXIT_INTERRUPTED = 130


class HwcliError(Exception):
    """A fault the user is told of in one line: what and where; `hint` says what to do."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(HwcliError):
    """Options that do not go together, or a value out of range."""

    exit_code = 2


class InputError(HwcliError):
    """Input that is missing or cannot be read, or a pattern that matched nothing."""

    exit_code = 3


class RecipeError(HwcliError):
    """An unknown recipe name or a bad recipe file."""

    exit_code = 4


class FetchError(HwcliError):
    """A download that failed, a source that is not there, or a wrong checksum."""

    exit_code = 5


class DatasetError(HwcliError):
    """A dataset or shard that is missing, damaged or not usable for the task."""

    exit_code = 6


class ModelError(HwcliError):
    """A model file that is missing or damaged, or does not fit the data."""

    exit_code = 7


class PartialFailure(HwcliError):
    """The run finished, and some or all of its items failed."""

    exit_code = 8


class AuthError(HwcliError):
    """A source that wants credentials which are missing or refused."""

    exit_code = 9


class DependencyError(HwcliError):
    """A device or an optional dependency that is not there."""

    exit_code = 10


class QualityGateError(HwcliError):
    """A result below the quality that was asked for."""

    exit_code = 11
