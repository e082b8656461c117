# Regular expressions: finds and rewrites addresses in a text.
import re


def main():
    line = "On 2024-03-%02d user%d@example%d.org wrote 'x = %d' to <list-%d@mail.test>; see page %d.\n"
    text = "".join(line % (i % 28 + 1, i, i % 9, i * 7, i % 5, i) for i in range(1500))
    address = re.compile(r"([\w.-]+)@([\w-]+(?:\.[\w-]+)+)")
    dates = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
    found = 0
    for _ in range(5):
        found += len(address.findall(text))
        found += sum(int(match.group(3)) for match in dates.finditer(text))
    print(found, len(address.sub(r"\2 at \1", text)))


main()
