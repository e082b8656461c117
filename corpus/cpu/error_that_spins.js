//: row: 13 telling an uncaught error runs none of its code
//: ended: raised
//: error: Spins
//: within_ms: 5000
class Spins extends Error {
  toString() { for (;;); }
  get message() { for (;;); }
}
throw new Spins();
