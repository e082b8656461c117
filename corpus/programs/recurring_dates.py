#: ended: completed
#: package: python-dateutil
#: package: six
#: limits: {"time_ms": 60000, "cpu_ms": 60000}
from datetime import datetime
from dateutil import parser, rrule
from dateutil.relativedelta import relativedelta, FR

start = datetime(2024, 1, 31, 9, 30)
print([f"{start + relativedelta(months=n):%d %b}" for n in range(1, 5)])
print([f"{day:%Y-%m-%d}" for day in rrule.rrule(rrule.MONTHLY, count=4, byweekday=FR(-1), dtstart=start)])
for text in "25 December 2024 5pm", "2024-02-29T12:00:00+05:30", "Thu Sep 25 10:36:28 2003":
    print(parser.parse(text).isoformat())
print(relativedelta(datetime(2024, 3, 1), datetime(1999, 12, 31)))
