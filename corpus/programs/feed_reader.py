#: ended: completed
import email.utils
import xml.etree.ElementTree as tree
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

FEED = """<?xml version="1.0"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>News</title><link>https://example.org/news/</link>
<item><title>First &lt;b&gt;</title><link>a?id=1&amp;tag=x&amp;tag=y</link><pubDate>Fri, 01 Mar 2024 10:00:00 +0100</pubDate><dc:creator>Ann</dc:creator></item>
<item><title>Second</title><link>/b</link><pubDate>Sat, 02 Mar 2024 23:30:00 GMT</pubDate><dc:creator>Ben</dc:creator></item>
</channel></rss>"""
root = tree.fromstring(FEED)
base = root.findtext("channel/link")
for item in root.iterfind(".//item"):
    url = urlsplit(urljoin(base, item.findtext("link")))
    when = email.utils.parsedate_to_datetime(item.findtext("pubDate"))
    print(item.findtext("title"), "by", item.findtext("{http://purl.org/dc/elements/1.1/}creator"))
    print(" ", url.netloc, url.path, parse_qs(url.query), when.timestamp())
out = tree.Element("links")
for item in root.iter("item"):
    tree.SubElement(out, "a", href=item.findtext("link")).text = item.findtext("title")
tree.indent(out)
print(tree.tostring(out, encoding="unicode"))
print(urlencode({"q": "ä b", "n": [1, 2]}, doseq=True))
