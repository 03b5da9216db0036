"""Upload a model's folder to a hub, only when it is asked for."""

from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import (  # type: ignore[attr-defined] # HTTPError is its client's
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
    OfflineModeIsEnabled,
)
from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined] # documented

from potstill.errors import ModelError

_PATTERNS = ("README.md", "*.json", "*.safetensors", "*.txt", "*.model", "onnx/*")


@dataclass(frozen=True, slots=True, kw_only=True)
class PushPlan:
    """What would be uploaded.

    Attributes:
        folder: The model's folder.
        repository: `owner/name` on the hub.
        files: Paths below the folder, sorted.
    """

    folder: Path
    repository: str
    files: tuple[str, ...]

    @property
    def size_bytes(self) -> int:
        """Bytes of all files."""
        return sum((self.folder / name).stat().st_size for name in self.files)


def plan_push(folder: Path, repository: str) -> PushPlan:
    """Say what an upload would do.

    Args:
        folder: A model's folder with its model card, or a finished run folder.
        repository: `owner/name`.

    Returns:
        The plan; nothing is sent.

    Raises:
        ModelError: The name is none, or the folder lacks config, weights or model card.
    """
    try:
        validate_repo_id(repository)
    except HFValidationError:
        repository_is_name = False
    else:
        repository_is_name = repository.count("/") == 1
    if not repository_is_name:
        raise ModelError(f"'{repository}' is no name of a repository; write it as owner/name.")
    place = folder / "student" if (folder / "student" / "config.json").is_file() else folder
    if not (place / "config.json").is_file():
        raise ModelError(
            f"'{folder}' holds no model (no config.json, nor a finished student/ inside); name its folder."
        )
    paths = sorted({path for pattern in _PATTERNS for path in place.glob(pattern) if path.is_file()})
    files = tuple(str(path.relative_to(place)) for path in paths if not path.name.startswith("."))
    if not any(name.endswith((".safetensors", ".onnx")) for name in files):
        raise ModelError(f"'{place}' holds neither safetensors nor ONNX weights; there is nothing to push.")
    if "README.md" not in files:
        raise ModelError(
            f"'{place}' has no model card; write a README.md that says what the model is for and its limits."
        )
    return PushPlan(folder=place, repository=repository, files=files)


def push(plan: PushPlan, *, is_private: bool, message: str, endpoint: str | None = None) -> str:
    """Upload a model in one commit; the repository is made where there is none.

    Args:
        plan: What to upload.
        is_private: Whether a new repository is private.
        message: Of the commit.
        endpoint: Address of the hub; absent: that of `HF_ENDPOINT`, else the Hugging Face hub.

    Returns:
        The address of the commit.

    Raises:
        ModelError: The hub refused, or cannot be reached; nothing was changed there, but for a new, empty repository.
    """
    hub = HfApi(endpoint=endpoint)
    additions = [CommitOperationAdd(path_in_repo=name, path_or_fileobj=str(plan.folder / name)) for name in plan.files]
    try:
        hub.create_repo(plan.repository, private=is_private, exist_ok=True)
        commit = hub.create_commit(plan.repository, additions, commit_message=message)
    except OfflineModeIsEnabled:
        raise ModelError("the hub is switched off (HF_HUB_OFFLINE is set); unset it to push.") from None
    except HfHubHTTPError as error:
        reason = (error.server_message or str(error)).strip().split("\n")[0][:200]
        raise ModelError(
            f"the hub refused '{plan.repository}' ({reason}); log in with 'hf auth login' as one who may write there."
        ) from None
    except ValueError as error:
        reason = str(error).strip().split("\n")[0][:200]
        raise ModelError(f"the hub refused the model card ({reason}); mend the top of README.md.") from None
    except (HTTPError, OSError) as error:
        raise ModelError(f"the hub cannot be reached ({error}); try again.") from None
    return str(commit.commit_url)
