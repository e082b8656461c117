//: row: 13 an error that cannot be shown is shown by its type
//: ended: raised
//: error: Mute
class Mute extends Error {
  get message() { throw new Error("no text"); }
  toString() { throw new Error("no text"); }
}
throw new Mute();
