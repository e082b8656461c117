"""Half a year of sales, from CSV on standard input: totals by region, the best months, the trend, and the lines that are wrong."""

import csv
import sqlite3
import statistics
import sys
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation


@dataclass
class Sale:
    day: date
    region: str
    product: str
    units: int
    price: Decimal


def read(lines):
    """Splits the file into sales and complaints: one bad line does not spoil the rest."""
    sales, complaints = [], []
    reader = csv.DictReader(lines)
    for row in reader:
        try:
            sale = Sale(
                date.fromisoformat(row["date"]),
                row["region"],
                row["product"],
                int(row["units"]),
                Decimal(row["price"]),
            )
        except InvalidOperation:
            complaints.append(f"line {reader.line_num}: {row['price']!r} is no price")
        except ValueError as error:
            complaints.append(f"line {reader.line_num}: {error}")
        else:
            sales.append(sale)
    return sales, complaints


def store(sales):
    database = sqlite3.connect(":memory:")
    database.execute("create table sale (day text, region text, product text, units integer, cents integer)")
    rows = ((s.day.isoformat(), s.region, s.product, s.units, int(s.units * s.price * 100)) for s in sales)
    database.executemany("insert into sale values (?, ?, ?, ?, ?)", rows)
    return database


def money(cents):
    return f"{cents / 100:,.2f}"


def by_region(database):
    query = """
        select region, count(*), sum(units), sum(cents),
               (select product from sale s where s.region = sale.region
                group by product order by sum(cents) desc limit 1)
        from sale group by region order by sum(cents) desc
    """
    print(f"{'region':<8}{'sales':>6}{'units':>7}{'turnover':>13}  best product")
    totals = {}
    for region, count, units, cents, best in database.execute(query):
        print(f"{region:<8}{count:>6}{units:>7}{money(cents):>13}  {best}")
        totals[region] = cents / 100
    return totals


def by_month(database):
    query = "select substr(day, 1, 7) as month, sum(cents) from sale group by month order by month"
    months = database.execute(query).fetchall()
    most = max(cents for _, cents in months)
    print()
    for month, cents in months:
        print(f"{month}  {'#' * round(30 * cents / most):<30}  {money(cents):>10}")
    return months


def trend(sales):
    days = [(s.day - sales[0].day).days for s in sales]
    units = [s.units for s in sales]
    slope, start = statistics.linear_regression(days, units)
    print()
    print(f"units a sale: median {statistics.median(units)}, deviation {statistics.stdev(units):.2f}")
    print(f"trend: {start:.2f} at the beginning, {slope * 30:+.2f} a month, correlation {statistics.correlation(days, units):.2f}")
    return round(slope * 30, 3)


sales, complaints = read(sys.stdin)
database = store(sales)
totals = by_region(database)
months = by_month(database)
growth = trend(sales)
print()
print(f"{len(sales)} sales read, {len(complaints)} lines left out")
for complaint in complaints:
    print(f"  {complaint}")

# The value of a run is its last expression: what another program would read.
{"turnover": totals, "best_month": max(months, key=lambda month: month[1])[0], "growth_a_month": growth}
