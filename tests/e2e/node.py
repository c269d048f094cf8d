"""Clients for JavaScript: a driver in a folder beside the tests, its packages installed as its lock file says."""

import shutil
import subprocess
from pathlib import Path

from harness import ROOT


def installed(name):
    """The folder in build/ that has the driver called `name` and its packages."""
    source, folder = Path(__file__).parent / name, ROOT / "build/node" / name
    folder.mkdir(parents=True, exist_ok=True)
    lock, stamp = (source / "package-lock.json").read_text(), folder / "installed"
    for each in source.iterdir():
        if each.is_file():
            shutil.copy(each, folder / each.name)
    if not stamp.exists() or stamp.read_text() != lock:
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True, timeout=120)
        stamp.write_text(lock)
    return folder
