# JSON: a nested document there and back.
import json


def main():
    rows = [
        {"id": i, "name": "row %d" % i, "tags": ["a", "b\n", "c" * (i % 7)], "at": {"x": i / 8, "ok": i % 2 == 0, "none": None}}
        for i in range(400)
    ]
    text = json.dumps(rows)
    for _ in range(30):
        text = json.dumps(json.loads(text))
    print(len(text), sum(row["at"]["x"] for row in json.loads(text)))


main()
