#: ended: completed
#: package: markdown
#: limits: {"time_ms": 60000, "cpu_ms": 60000}
import markdown

TEXT = """# Title

Some *text* with `code` and a [link](https://example.org "there").

| a | b |
|---|---|
| 1 | 2 |

1. one
2. two

```
raw <b>
```

Word[^1].

[^1]: A note.
"""
print(markdown.markdown(TEXT, extensions=["tables", "fenced_code", "footnotes", "toc"]))
