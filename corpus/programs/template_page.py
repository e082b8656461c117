#: ended: completed
#: package: jinja2
#: package: markupsafe
import jinja2

templates = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, loader=jinja2.DictLoader({
    "base": "<title>{% block title %}none{% endblock %}</title>\n{% block body %}{% endblock %}",
    "page": """{% extends "base" %}
{% macro item(thing, loop) %}<li class="{{ loop.cycle('odd', 'even') }}">{{ thing.name|title }}: {{ "%.2f"|format(thing.price) }}</li>{% endmacro %}
{% block title %}{{ super() }} / {{ title|upper }}{% endblock %}
{% block body %}
<ul>
{% for thing in things|sort(attribute="price") if thing.price %}
  {{ item(thing, loop) }}
{% else %}
  <li>nothing</li>
{% endfor %}
</ul>
{% endblock %}""",
}))
things = [{"name": "tea <green>", "price": 3.1}, {"name": "air", "price": 0}, {"name": "coffee", "price": 2}]
print(templates.get_template("page").render(title="shop", things=things))
print(templates.from_string("{{ xs|groupby('k')|map('first')|list }} {{ 7 // 2 }} {{ 'a' ~ 1 }}").render(xs=[{"k": 2}, {"k": 1}, {"k": 2}]))
try:
    templates.from_string("{% if %}").render()
except jinja2.TemplateSyntaxError as error:
    print(type(error).__name__, error.message)
