# Dictionaries and strings: counts words, twice over, and joins what it found.
def main():
    state, words = 42, []
    for _ in range(60000):
        state = (state * 1103515245 + 12345) % 2147483648
        words.append("w" + str(state // 65536 % 2000))
    counts = {}
    for word in " ".join(words).split(" "):
        counts[word] = counts.get(word, 0) + 1
    for word in words:
        key = word.upper().replace("W", "x-")
        counts[key] = counts.get(key, 0) + len(key)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    print(len(ranked), ",".join(word + "=" + str(count) for word, count in ranked[:5]))


main()
