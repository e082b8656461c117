#: ended: completed
import difflib
import html
from html.parser import HTMLParser

OLD = "<ul><li>tea</li><li>coffee</li><li>milk &amp; sugar</li></ul>"
NEW = "<ul><li>tea</li><li>cocoa</li><li>milk &amp; honey</li><li>bread</li></ul>"

class Items(HTMLParser):
    def __init__(self):
        super().__init__()
        self.items, self.inside = [], False
    def handle_starttag(self, tag, attrs):
        self.inside = tag == "li"
    def handle_endtag(self, tag):
        self.inside = False
    def handle_data(self, data):
        if self.inside:
            self.items.append(data)

def items(text):
    parser = Items()
    parser.feed(text)
    parser.close()
    return parser.items

print("\n".join(difflib.unified_diff(items(OLD), items(NEW), "old", "new", lineterm="")))
print(difflib.get_close_matches("cofee", items(OLD)), f"{difflib.SequenceMatcher(None, OLD, NEW).ratio():.4f}")
print(html.escape("<a href='x'>"), html.unescape("&eacute;&#8364;"))
