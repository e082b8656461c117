#: ended: completed
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

start = datetime(2024, 3, 30, 9, 0, tzinfo=ZoneInfo("Europe/Berlin"))
for days in range(3):
    at = start + timedelta(days=days)
    print(at.isoformat(), *(f"{at.astimezone(ZoneInfo(zone)):%H:%M %Z}" for zone in ("America/New_York", "Asia/Kolkata", "Pacific/Auckland", "UTC")))
print((datetime(2024, 12, 25, tzinfo=timezone.utc) - start).days, "days until 25 December")
