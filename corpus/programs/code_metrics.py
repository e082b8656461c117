#: ended: completed
import ast
import dis
import io
import keyword
import tokenize

SOURCE = '''
import os, sys as system

def area(width, height=2, *, unit="m"):
    """The area."""
    if width < 0 or height < 0:
        raise ValueError("negative")
    return width * height

class Box:
    async def open(self):
        return [await thing for thing in self.things if thing]
'''
tree = ast.parse(SOURCE)
for node in ast.walk(tree):
    match node:
        case ast.FunctionDef(name=name, args=args) | ast.AsyncFunctionDef(name=name, args=args):
            print(type(node).__name__, name, ast.unparse(args), repr(ast.get_docstring(node)))
        case ast.Import(names=names):
            print("imports", [alias.name for alias in names])
        case ast.Compare():
            print("compares", ast.unparse(node))

class Doubles(ast.NodeTransformer):
    def visit_Constant(self, node):
        return ast.Constant(node.value * 2) if type(node.value) is int else node

space = {}
exec(compile(ast.fix_missing_locations(Doubles().visit(tree)), "<doubled>", "exec"), space)
print(space["area"](3), space["area"].__kwdefaults__)
tokens = list(tokenize.generate_tokens(io.StringIO(SOURCE).readline))
print(len(tokens), sum(token.type == tokenize.NAME and keyword.iskeyword(token.string) for token in tokens))
print(any(instruction.opname == "BINARY_OP" for instruction in dis.get_instructions(space["area"])))
