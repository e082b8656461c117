#: row: 42 the head and the tail are kept, and the cut between them is marked
#: ended: completed
#: limits: {"output_bytes": 40}
#: cut: 8976
for number in range(1000):
    print(f"line {number:3}")
print("the end is here")
