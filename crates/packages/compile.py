"""Compiles the packages that are mounted, so that whoever imports them reads code instead of making it. Run in the jar, once for each set of
packages, before anybody imports them. Nothing of them is run; what cannot be compiled is left as it is."""

import compileall
import py_compile

# Whoever reads the code does not look whether it is older than its source: neither ever changes.
compileall.compile_dir("/packages", maxlevels=64, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
