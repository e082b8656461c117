"""Imports what programs commonly import, so that it is in the image."""

import importlib

COMMON = """
abc argparse array ast asyncio base64 bisect bz2 calendar cmath codecs collections collections.abc concurrent.futures contextlib
contextvars copy csv dataclasses datetime decimal difflib enum errno fnmatch fractions functools getpass glob gzip hashlib heapq
hmac html html.parser inspect io itertools json keyword linecache locale logging lzma math numbers operator os os.path pathlib
pickle platform posixpath pprint queue random re reprlib secrets shlex shutil signal socket sqlite3 stat statistics string struct
subprocess sys tempfile textwrap threading time timeit tokenize traceback types typing unicodedata unittest urllib.parse
urllib.request uuid warnings weakref xml.etree.ElementTree zipfile zlib zoneinfo _strptime encodings.idna encodings.latin_1
encodings.ascii encodings.utf_16 encodings.utf_8_sig encodings.cp1252 encodings.unicode_escape encodings.raw_unicode_escape
"""

for _name in COMMON.split():
    importlib.import_module(_name)
