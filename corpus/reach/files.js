//: row: 52 a file of the machine, by every way of naming and opening it
//: ended: completed
//: value: []
const found = [];
const path = "@FILE@";
const bare = path.replace(/^\/+/, "");
const ways = [
  path, "/" + path, "//" + path, "/." + path, "/..".repeat(9) + path, "../".repeat(30) + bare,
  "/work/" + "../".repeat(30) + bare, "/proc/self/root" + path, "/proc/1/root" + path, "file://" + path,
  path.replaceAll("/", "/./"), path.replaceAll("/", "//"), path + "/", path + "/.", path + "\0.txt",
];
const openers = [
  (way) => require("fs").readFileSync(way, "utf8"),
  (way) => process.mainModule.require("fs").readFileSync(way, "utf8"),
  (way) => process.binding("fs").readFileUtf8(way, 0),
  (way) => std.loadFile(way),
  (way) => std.open(way, "r").readAsString(),
  (way) => read(way),
  (way) => load(way),
  (way) => require(way),
];
for (const way of ways) {
  for (const opener of openers) {
    try {
      const text = opener(way);
      if (text !== undefined && text !== null) found.push([way, String(text)]);
    } catch {
      // Not this way.
    }
  }
}
found;
