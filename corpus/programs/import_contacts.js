//: ended: completed
//: package: papaparse
//: package: validator
const csv = `name,mail,site,since
"Smith, Ann",ann@example.org,https://example.org,2024-02-29
Ben,ben(at)example,ftp://x,2024-02-30
"Line
break",c.d+e@mail.example.com,example.com/a?b=c,1999-12-31
`;
const { data, errors, meta } = Papa.parse(csv, { header: true, skipEmptyLines: true });
for (const row of data) {
  console.log(JSON.stringify(row.name), validator.isEmail(row.mail), validator.isURL(row.site), validator.isDate(row.since), validator.escape("<" + row.mail));
}
console.log(meta.fields.join("|"), errors.length);
console.log(Papa.unparse(data.map(({ name, since }) => ({ since, name })), { newline: "\n", delimiter: ";" }));
console.log(JSON.stringify(Papa.parse("1\t2\n3\t4", { dynamicTyping: true }).data), validator.isIBAN("DE89370400440532013000"), validator.isUUID("not"));
