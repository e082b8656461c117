//: ended: completed
//: package: js-yaml
const text = `
defaults: &defaults
  retries: 3
  hosts: [a.example, b.example]
production:
  <<: *defaults
  ratio: 1.5e+3
  note: |
    two
    lines
`;
const loaded = jsyaml.load(text);
console.log(JSON.stringify(loaded.production.note), loaded.production.ratio, loaded.defaults.hosts.length);
console.log(jsyaml.dump({ b: [1, { c: "yes" }], a: "x: y", n: null, t: true }, { sortKeys: true }));
try {
  jsyaml.load("a: [1, 2");
} catch (error) {
  console.log(error.name, error.mark.line);
}
