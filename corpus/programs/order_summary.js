//: ended: completed
//: package: lodash
const orders = [
  { id: 1, customer: "Ann", items: [{ sku: "tea", units: 2, price: 2.5 }, { sku: "cup", units: 1, price: 8 }] },
  { id: 2, customer: "Ben", items: [{ sku: "tea", units: 10, price: 2.25 }] },
  { id: 3, customer: "Ann", items: [] },
];
const total = (order) => _.sumBy(order.items, ({ units, price }) => units * price);
console.log(JSON.stringify(_(orders).groupBy("customer").mapValues((list) => _.sumBy(list, total)).value()));
console.log(JSON.stringify(_.orderBy(_.flatMap(orders, "items"), ["units", "sku"], ["desc", "asc"]).map((item) => _.pick(item, ["sku", "units"]))));
console.log(_.template("<% _.each(names, (name) => { %><%- name %>;<% }) %>")({ names: ["a<b", "c"] }));
console.log(_.startCase("the-quick_brown fox"), _.chunk(_.range(7), 3).length, _.isEqual({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }));
console.log(JSON.stringify(_.merge({ a: { b: 1, c: [1] } }, { a: { d: 2, c: [3, 4] } })), _.debounce(() => 1, 10).name === "debounced");
