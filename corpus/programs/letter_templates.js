//: ended: completed
//: package: mustache
//: package: handlebars
//: package: nunjucks
const guests = [{ name: "Ann & Co", tables: [1, 2] }, { name: "Ben", tables: [] }];
console.log(Mustache.render("{{#guests}}Dear {{name}},{{^tables}} no table{{/tables}}{{#tables}} {{.}}{{/tables}}\n{{/guests}}{{{raw}}}", { guests, raw: "<p>" }));
Handlebars.registerHelper("loud", (text) => text.toUpperCase());
Handlebars.registerPartial("seat", "[{{this}}]");
const letter = Handlebars.compile("{{#each guests}}{{@index}} {{loud name}}{{#if tables}}{{#each tables}}{{> seat}}{{/each}}{{else}} none{{/if}}\n{{/each}}");
console.log(letter({ guests }));
const page = new nunjucks.Environment(null, { autoescape: true });
console.log(page.renderString("{% macro row(guest) %}{{ loop }}{{ guest.name | title }}: {{ guest.tables | join(', ') or 'none' }}{% endmacro %}{% for guest in guests %}{{ row(guest) }};{% endfor %}{{ 7 // 2 }}", { guests }));
try {
  Handlebars.compile("{{#each}}")({});
} catch (error) {
  console.log(error.message.split("\n")[0]);
}
