//: ended: completed
//: package: dayjs
//: package: luxon
const release = dayjs("2024-01-31T10:00:00");
for (let month = 0; month < 4; month++) console.log(release.add(month, "month").format("ddd D MMM YYYY HH:mm"));
console.log(dayjs("2024-03-01").diff("2023-12-25", "day"), dayjs("2024-02-29").isBefore("2024-03-01"), dayjs("nonsense").isValid());
const { DateTime, Duration, Interval } = luxon;
const start = DateTime.fromISO("2024-02-29T12:30:00", { zone: "utc" });
console.log(start.plus({ years: 1, hours: 13 }).toISO(), start.startOf("week").toISODate(), start.weekNumber);
console.log(Duration.fromMillis(98765432).shiftTo("hours", "minutes", "seconds").toFormat("hh:mm:ss"));
console.log(Interval.fromDateTimes(start, start.plus({ days: 3 })).splitBy({ days: 1 }).length, DateTime.fromFormat("31/12/1999", "dd/MM/yyyy", { zone: "utc" }).toISODate());
