"""Minari itself: imported late, with an error that says how to install it, and the places of its datasets."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

from botgame.errors import UserError

DATA = "data"  # the folder of a dataset in which the files are
_ID = re.compile(r"([\w-]+/)*[\w-]+-v\d+")


def minari() -> Any:
    """The package. Raises UserError where it is missing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import h5py  # noqa: F401 - the format of the files
            import minari as library
    except ImportError as error:
        raise UserError(f'datasets need {error.name}; run: pip install "botgame[minari]"') from error
    return library


def place_of(dataset: str) -> Path:
    """Where Minari keeps the dataset of that id. Raises UserError (code 2) for what is no id."""
    if not _ID.fullmatch(dataset):
        raise UserError(f"--dataset {dataset} is no id of Minari, expected for example mine/duels-v0", 2)
    minari()
    from minari.storage.datasets_root_dir import get_dataset_path

    return Path(get_dataset_path(dataset))


def make_namespace(dataset: str) -> None:
    """Let Minari know the namespace of a dataset, what comes before the last slash of its id, unless it does."""
    minari()
    from minari.namespace import create_namespace, list_local_namespaces

    namespace = dataset.rpartition("/")[0]
    if namespace and namespace not in list_local_namespaces():
        create_namespace(namespace)


def opened(dataset: str) -> Any:
    """The dataset of that id. Raises UserError where there is none, or it cannot be read."""
    place = place_of(dataset)
    if not place.is_dir():
        raise UserError(f"there is no dataset {dataset} in {place.parent}; fetch it with: minari download {dataset}")
    try:
        return minari().MinariDataset(place / DATA)
    except Exception as error:  # of a damaged or foreign folder Minari raises whatever its readers raise
        raise UserError(f"{place} is no dataset that Minari can read ({error}); fetch it again") from error
