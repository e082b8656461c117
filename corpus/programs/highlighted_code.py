#: ended: completed
#: package: pygments
#: limits: {"time_ms": 60000, "cpu_ms": 60000}
from pygments import highlight
from pygments.formatters import HtmlFormatter, NullFormatter
from pygments.lexers import get_lexer_by_name, guess_lexer_for_filename
from pygments.token import Keyword, Name

CODE = "def greet(name):\n    return f'hello {name}'  # warmly\n"
print(highlight(CODE, get_lexer_by_name("python"), HtmlFormatter(nowrap=True)), end="")
print(highlight("select a from b where c = 'd';", get_lexer_by_name("sql"), HtmlFormatter(cssclass="code")), end="")
print([text for kind, text in get_lexer_by_name("rust").get_tokens("fn main() { let x = 1; }") if kind in Keyword or kind in Name.Function])
print(type(guess_lexer_for_filename("x.css", "a { b: c }")).__name__)
