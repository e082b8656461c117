"""Which modules the image is to have imported. The builder lists them; a bare engine has no list."""

LIST = "/usr/lib/belljar/imports"


def _listed():
    try:
        with open(LIST, encoding="utf-8") as lines:
            return [line.strip() for line in lines if line.strip()]
    except FileNotFoundError:
        return []


modules = _listed()
