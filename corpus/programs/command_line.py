#: ended: completed
import argparse
import shlex

parser = argparse.ArgumentParser(prog="pack", description="Pack files.")
parser.add_argument("files", nargs="+", metavar="FILE")
parser.add_argument("-l", "--level", type=int, choices=range(1, 10), default=6, help="how hard to try (default: %(default)s)")
group = parser.add_mutually_exclusive_group()
group.add_argument("--quiet", action="store_true")
group.add_argument("--verbose", action="count", default=0)
for line in ("a.txt b.txt -l 9", "--verbose --verbose 'c d.txt'"):
    print(vars(parser.parse_args(shlex.split(line))))
try:
    parser.parse_args(["a", "--level", "10"])
except SystemExit as leaving:
    print("exit", leaving.code)
