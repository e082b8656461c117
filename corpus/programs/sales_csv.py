#: ended: completed
import csv
import io
import json
import sqlite3
from decimal import Decimal, ROUND_HALF_EVEN

TABLE = """day,product,units,price
2024-01-05,tea,10,2.50
2024-01-05,coffee,4,7.25
2024-01-06,tea,3,2.50
2024-02-01,"tea, green",8,3.10
2024-02-03,coffee,12,6.99
"""
store = sqlite3.connect(":memory:")
store.execute("create table sale (day text, product text, units integer, price text)")
store.executemany("insert into sale values (:day, :product, :units, :price)", csv.DictReader(io.StringIO(TABLE)))
store.create_function("revenue", 2, lambda units, price: str(Decimal(units) * Decimal(price)))
totals = {}
for month, product, revenue in store.execute("select substr(day, 1, 7), product, revenue(units, price) from sale order by 1, 2"):
    totals.setdefault(month, {}).setdefault(product, Decimal(0))
    totals[month][product] += Decimal(revenue)
cents = Decimal("0.01")
print(json.dumps({m: {p: str(t.quantize(cents, ROUND_HALF_EVEN)) for p, t in ps.items()} for m, ps in totals.items()}, indent=2))
out = io.StringIO()
writer = csv.writer(out, quoting=csv.QUOTE_MINIMAL)
writer.writerow(["month", "total"])
for month, products in totals.items():
    writer.writerow([month, sum(products.values())])
print(out.getvalue().replace("\r\n", "\n"), end="")
print(store.execute("select count(*), sum(units), group_concat(distinct product) from sale").fetchone())
rank = "select product, units, rank() over (order by units desc) from sale where units > 3"
for row in store.execute(rank):
    print(row)
