"""Finds the standard library in the engine's own data, at the place in `sys.path` where its files would be.

The files lie at that place too, for those who read them (`inspect`, `importlib.resources`); importing does not touch them.
"""

import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import SourceFileLoader

LIBRARY = sys._stdlib_dir
BOOT = "belljar-boot"


def _layout():
    """Folders of the library, each with the modules in it: {folder: {name: (path, is_package)}}."""
    folders = {LIBRARY: {}}
    for path in host.library:
        folder, _, file = path.rpartition("/")
        if path.startswith(BOOT):
            continue
        if file == "__init__.py":
            above, _, name = folder.rpartition("/")
            folders.setdefault(f"{LIBRARY}/{folder}", {})
            folders.setdefault(_place(above), {})[name] = path, True
        else:
            folders.setdefault(_place(folder), {})[file.removesuffix(".py")] = path, False
    return folders


def _place(folder):
    return f"{LIBRARY}/{folder}" if folder else LIBRARY


FOLDERS = _layout()


class LibraryLoader(SourceFileLoader):
    """A loader of source files that has their code already."""

    def get_code(self, fullname):
        return host.code(host.library[self.path[len(LIBRARY) + 1:]])


class LibraryFinder:
    """Finds the modules of one folder of the library."""

    def __init__(self, folder):
        if folder not in FOLDERS:
            raise ImportError(f"{folder!r} is not a folder of the standard library", path=folder)
        self._folder = folder

    def find_spec(self, fullname, target=None):
        found = FOLDERS[self._folder].get(fullname.rpartition(".")[2])
        if found is None:
            return None
        path, is_package = found
        file = f"{LIBRARY}/{path}"
        spec = ModuleSpec(fullname, LibraryLoader(fullname, file), origin=file, is_package=is_package)
        spec.has_location = True
        if is_package:
            spec.submodule_search_locations.append(file.removesuffix("/__init__.py"))
        return spec

    def iter_modules(self, prefix=""):
        for name, (_, is_package) in FOLDERS[self._folder].items():
            yield prefix + name, is_package

    def invalidate_caches(self):
        pass


def _adopt(name):
    """Gives a module that was imported before there was an importer the place it would have had."""
    module = sys.modules[name]
    path = name.replace(".", "/")
    is_package = f"{path}/__init__.py" in host.library
    file = f"{LIBRARY}/{path}/__init__.py" if is_package else f"{LIBRARY}/{path}.py"
    module.__file__ = module.__spec__.origin = file
    module.__loader__ = module.__spec__.loader = LibraryLoader(name, file)
    module.__spec__.has_location = True
    if is_package:
        module.__path__ = module.__spec__.submodule_search_locations = [file.removesuffix("/__init__.py")]


def forget_missing():
    """Folders of the path that are not there now may be there in a session: packages are mounted when it begins."""
    for folder, finder in list(sys.path_importer_cache.items()):
        if finder is None:
            del sys.path_importer_cache[folder]


sys.path_hooks.insert(0, LibraryFinder)
sys.path_importer_cache.clear()
for _name in ("encodings", "encodings.aliases", "encodings.utf_8"):
    _adopt(_name)
