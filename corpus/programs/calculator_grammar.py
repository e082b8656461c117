#: ended: completed
#: package: lark
#: package: pyparsing
#: limits: {"time_ms": 120000, "cpu_ms": 120000}
import pyparsing
from lark import Lark, Transformer, UnexpectedInput, v_args

GRAMMAR = """
?start: sum | NAME "=" sum -> assign
?sum: product | sum "+" product -> add | sum "-" product -> sub
?product: atom | product "*" atom -> mul | product "/" atom -> div
?atom: NUMBER -> number | "-" atom -> neg | NAME -> var | "(" sum ")"
%import common.CNAME -> NAME
%import common.NUMBER
%import common.WS_INLINE
%ignore WS_INLINE
"""
@v_args(inline=True)
class Calculate(Transformer):
    from operator import add, sub, mul, truediv as div, neg
    number = float
    def __init__(self):
        self.names = {}
    def assign(self, name, value):
        self.names[name] = value
        return value
    def var(self, name):
        return self.names[name]

calculate = Lark(GRAMMAR, parser="lalr", transformer=Calculate()).parse
for line in "x = 3 * (2 + 4)", "-x / 4 + 1", "2 +":
    try:
        print(calculate(line))
    except UnexpectedInput as error:
        print(type(error).__name__)
number = pyparsing.Word(pyparsing.nums).set_parse_action(lambda found: int(found[0]))
expression = pyparsing.infix_notation(number, [(pyparsing.one_of("* /"), 2, pyparsing.OpAssoc.LEFT), (pyparsing.one_of("+ -"), 2, pyparsing.OpAssoc.LEFT)])
print(expression.parse_string("1 + 2 * (3 - 4)").as_list())
