"""Where bundles are found: the one in use, and copies of those that services may still need after an upgrade."""

import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from placket.domain.errors import BundleInvalid, BundleNotKept, VisionUnavailable
from placket.vision.bundle import MANIFEST, Bundle, is_version, read_bundle


def shipped_folder() -> Path:
    """Of the bundle that the installation brings, if it brings one."""
    return Path(str(files("placket.bundles")))


class BundleLibrary:
    """``selected``: a folder, or the version of a kept bundle; None is the shipped one.

    The bundle in use is copied to ``<data_dir>/bundles/<version>/``, so that it can still be loaded when another one
    is in use. ``data_dir=None`` keeps no copies. Threads may share a library.
    """

    def __init__(self, data_dir: Path | None, selected: str | None = None) -> None:
        self._shelf = data_dir / "bundles" if data_dir is not None else None
        self._selected = selected
        self._current: Bundle | None = None
        self._loaded: dict[str, Bundle] = {}
        self._lock = threading.Lock()

    def current(self) -> Bundle:
        """The bundle in use, read once. Raises VisionUnavailable when there is none, BundleInvalid for a bad one."""
        with self._lock:
            if self._current is None:
                bundle = self._select()
                self._current = self._keep(bundle)
                self._loaded[bundle.version] = self._current
            return self._current

    def load(self, version: str) -> Bundle:
        """The bundle of this version, in use or kept. Raises BundleNotKept as `read_kept`."""
        with self._lock:
            known = self._loaded.get(version)
        if known is not None:
            return known
        with contextlib.suppress(VisionUnavailable):
            if self.current().version == version:
                return self.current()
        bundle = self.read_kept(version)
        with self._lock:
            return self._loaded.setdefault(version, bundle)

    def read_kept(self, version: str) -> Bundle:
        """The kept copy. Raises BundleNotKept where there is none, or none that can be read, such as a newer Placket's:
        what needs it would wait in vain for either."""
        try:
            return self._kept_bundle(version)
        except BundleInvalid as error:
            raise BundleNotKept(
                f"the kept copy of bundle {version} cannot be read: {error.detail}; replace it, or re-index"
            ) from error

    def lacking(self, versions: Iterable[str]) -> list[str]:
        """Those that are neither in use nor kept."""
        return sorted(set(versions).difference(self.here()))

    def here(self) -> list[str]:
        """Versions of the bundles that are in use or kept."""
        here = set(self.kept())
        with contextlib.suppress(VisionUnavailable):
            here.add(self.current().version)
        return sorted(here)

    def kept(self) -> list[str]:
        """Versions of the kept bundles."""
        if self._shelf is None or not self._shelf.is_dir():
            return []
        return sorted(p.name for p in self._shelf.iterdir() if is_version(p.name) and (p / MANIFEST).is_file())

    def _select(self) -> Bundle:
        if self._selected is None:
            folder = shipped_folder()
            if not (folder / MANIFEST).is_file():
                raise VisionUnavailable("this installation ships no bundle: set PLACKET_BUNDLE to the folder of one")
            return read_bundle(folder)
        folder = Path(self._selected).expanduser()
        if folder.is_dir():
            return read_bundle(folder.resolve())
        if is_version(self._selected) and self._selected in self.kept():
            return self._kept_bundle(self._selected)
        kept = ", ".join(self.kept()) or "none"
        raise VisionUnavailable(
            f"PLACKET_BUNDLE is {self._selected!r}, which is neither a folder nor a kept version (kept: {kept})"
        )

    def _kept_bundle(self, version: str) -> Bundle:
        if self._shelf is None or not is_version(version) or not (self._shelf / version).is_dir():
            raise BundleNotKept(
                f"bundle {version} is not kept here: set PLACKET_BUNDLE to its folder once, or re-index"
            )
        bundle = read_bundle(self._shelf / version)
        if bundle.version != version:
            raise BundleInvalid(f"{bundle.folder} holds bundle {bundle.version}")
        return bundle

    def _keep(self, bundle: Bundle) -> Bundle:
        """The kept copy of ``bundle``, made if need be. A folder that is in place is whole: it was renamed there."""
        if self._shelf is None or bundle.folder.resolve().parent == self._shelf.resolve():
            return bundle
        place = self._shelf / bundle.version
        try:
            if not place.is_dir():
                self._copy(bundle, place)
            return self._same(bundle, place)
        except OSError as error:
            raise VisionUnavailable(f"the bundle cannot be kept in {place}: {error.strerror}") from error

    def check_kept(self, bundle: Bundle) -> None:
        """Raise BundleInvalid where a copy of this version is kept and holds other networks. Nothing is written."""
        if self._shelf is not None and (self._shelf / bundle.version).is_dir():
            self._kept_like(bundle, self._shelf / bundle.version)

    @staticmethod
    def _kept_like(bundle: Bundle, place: Path) -> Bundle:
        kept = read_bundle(place)
        if not kept.embeds_like(bundle):
            raise BundleInvalid(
                f"{bundle.folder} calls itself {bundle.version}, but {place} holds other networks of that version: "
                "give the new bundle a version of its own"
            )
        return kept

    def _same(self, bundle: Bundle, place: Path) -> Bundle:
        kept = self._kept_like(bundle, place)
        if (place / MANIFEST).read_bytes() == (bundle.folder / MANIFEST).read_bytes():
            return kept
        # The same networks with other thresholds or figures: the newer manifest holds.
        with tempfile.NamedTemporaryFile(dir=place, prefix=".", delete=False) as file:
            file.write((bundle.folder / MANIFEST).read_bytes())
        Path(file.name).chmod(0o644)
        Path(file.name).replace(place / MANIFEST)
        return read_bundle(place)

    @staticmethod
    def _copy(bundle: Bundle, place: Path) -> None:
        # As the embedded server makes it: not for everybody on the machine.
        place.parent.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        place.parent.mkdir(mode=0o755, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=place.parent, prefix=".partial-"))
        try:
            for name in (MANIFEST, *bundle.files):
                shutil.copyfile(bundle.folder / name, partial / name)
                # Whatever the umask: who can change a model decides what is seen.
                (partial / name).chmod(0o644)
                with (partial / name).open("rb") as file:
                    os.fsync(file.fileno())
            partial.chmod(0o755)
            # Another process may have been faster; its copy is as good, and this rename fails.
            with contextlib.suppress(OSError):
                partial.rename(place)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        if not place.is_dir():
            raise OSError(None, "the copy could not be moved into place")
