//: row: 24, 35 more random bytes than 64 KiB at once are refused before anything is drawn
//: ended: completed
//: value: [ 'QuotaExceededError', 'QuotaExceededError', 65536 ]
const found = [];
for (const count of [2 ** 24, 65537, 65536]) {
  try {
    found.push(crypto.getRandomValues(new Uint8Array(count)).length);
  } catch (error) {
    found.push(error.name);
  }
}
found;
