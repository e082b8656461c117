#: ended: completed
import collections
import datetime
import re
import statistics
import textwrap

LOG = """\
2024-03-01T08:00:01Z 10.0.0.7 GET /index.html 200 512 0.021
2024-03-01T08:00:02Z 10.0.0.8 GET /missing 404 128 0.003
2024-03-01T08:00:05Z 10.0.0.7 POST /login 302 64 0.250
2024-03-01T09:12:44Z 10.0.0.9 GET /report.pdf 200 1048576 1.734
2024-03-01T09:13:00Z 10.0.0.7 GET /index.html 304 0 0.002
2024-03-02T00:00:00Z 10.0.0.8 GET /missing 404 128 0.004
"""
LINE = re.compile(r"(?P<at>\S+) (?P<who>\S+) (?P<verb>\w+) (?P<path>\S+) (?P<status>\d{3}) (?P<size>\d+) (?P<took>[\d.]+)")

rows = [LINE.fullmatch(line).groupdict() for line in LOG.splitlines()]
by_status = collections.Counter(row["status"] for row in rows)
by_day = collections.defaultdict(list)
for row in rows:
    day = datetime.datetime.fromisoformat(row["at"].replace("Z", "+00:00")).date()
    by_day[day].append(float(row["took"]))
print(by_status.most_common())
for day, times in sorted(by_day.items()):
    print(f"{day:%a %d %b}: {len(times)} requests, median {statistics.median(times):.3f} s, worst {max(times):.3f} s")
print(textwrap.fill("The slowest request was for " + max(rows, key=lambda row: float(row["took"]))["path"] + ", which is large.", 30))
