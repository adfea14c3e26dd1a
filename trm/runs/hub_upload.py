"""Uploading a model to the Hugging Face Hub, in one commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trm import __version__
from trm.errors import UsageError
from trm.runs.hub import LIBRARY, HubReference
from trm.storage.hub_client import hub_client, hub_error, transfer

HOUSEKEEPING = frozenset({".gitattributes", "LICENSE"})
"""Files that the Hub puts into a repository itself."""


@dataclass(frozen=True)
class Uploaded:
    """The result of an upload.

    Attributes:
        reference: the model.
        url: the address of its page.
        commit: the hash of the commit.
        changed: whether any file differed from what was there.
    """

    reference: HubReference
    url: str
    commit: str
    changed: bool


@dataclass(frozen=True)
class Upload:
    """Where to upload a model.

    Attributes:
        reference: the model; its revision is the branch, which is created if it does not exist.
        private: only the owner may see a new repository. Default: the Hub's default.
        overwrite: upload into a repository that holds something else than a model of trm.
    """

    reference: HubReference
    private: bool = False
    overwrite: bool = False

    def check_login(self) -> str:
        """The name of the user. Call this before long work.

        Raises:
            UsageError: nobody is logged in, or the token is invalid.
            TRMError: the Hub cannot be reached.
        """
        try:
            return str(self._api().whoami()["name"])
        except Exception as error:  # the client raises many types of its own and of its HTTP library
            raise self._error(error) from error

    def send(self, files: Mapping[str, Path], message: str) -> Uploaded:
        """Upload files in one commit. The model stays as it was if anything fails.

        Args:
            files: the files by their names in the repository.
            message: the commit's message.

        Raises:
            UsageError: nobody is logged in, the user may not write there, or the repository holds something else.
            TRMError: the upload failed.
        """
        hub, name, branch = self._hub(), self.reference.repository, self.reference.revision
        api = self._api()
        try:
            api.create_repo(name, private=self.private or None, exist_ok=True)
            self._check(api.model_info(name))
            if branch is not None:
                api.create_branch(name, branch=branch, exist_ok=True)
            before = api.model_info(name, revision=branch).sha
        except UsageError:
            raise
        except Exception as error:  # the client raises many types of its own and of its HTTP library
            raise self._error(error) from error
        operations = [
            hub.CommitOperationAdd(path_in_repo=target, path_or_fileobj=path) for target, path in files.items()
        ]
        try:
            with transfer(hub, f"Uploading to {name}"):
                done = api.create_commit(name, operations, commit_message=message, revision=branch)
        except Exception as error:  # see above
            problem = self._error(error)
            raise type(problem)(f"{problem} The model there is unchanged.") from error
        page = f"{hub.constants.ENDPOINT}/{name}" + (f"/tree/{branch}" if branch is not None else "")
        return Uploaded(self.reference, page, done.oid, done.oid != before)

    def _check(self, info: Any) -> None:
        """Refuse a repository that is public against the user's will, or that holds something else."""
        name = self.reference.repository
        if self.private and not info.private:
            raise UsageError(f"{name} exists and is public. Make it private on its settings page, or omit --private.")
        files = {file.rfilename for file in info.siblings or ()} - HOUSEKEEPING
        if files and info.library_name != LIBRARY and not self.overwrite:
            kind = f"a model of {info.library_name}" if info.library_name else "files that trm did not write"
            raise UsageError(f"{name} exists and holds {kind}. Choose another name, or add --yes to upload into it.")

    def _hub(self) -> Any:
        return hub_client(f"Uploading to {self.reference.repository}")

    def _api(self) -> Any:
        return self._hub().HfApi(library_name=LIBRARY, library_version=__version__)

    def _error(self, error: Exception) -> Exception:
        name = self.reference.repository
        return hub_error(error, f"Cannot upload to {name}", name, self.reference.revision)
