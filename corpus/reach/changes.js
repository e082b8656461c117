//: row: 52 a file and a folder of the machine, to be changed
//: ended: completed
//: value: 'tried'
const [path, folder] = ["@FILE@", "@FOLDER@"];
const changes = [
  (fs) => fs.writeFileSync(path, "changed"),
  (fs) => fs.appendFileSync(path, "changed"),
  (fs) => fs.writeFileSync(folder + "/made", "made"),
  (fs) => fs.writeFileSync("/work/" + "../".repeat(30) + folder.replace(/^\/+/, "") + "/made", "made"),
  (fs) => fs.truncateSync(path, 0),
  (fs) => fs.renameSync(path, path + ".moved"),
  (fs) => fs.linkSync(path, folder + "/made"),
  (fs) => fs.symlinkSync(path, folder + "/made"),
  (fs) => fs.mkdirSync(folder + "/made"),
  (fs) => fs.chmodSync(path, 0o777),
  (fs) => fs.rmSync(folder, { recursive: true }),
  () => std.open(folder + "/made", "w").puts("made"),
  () => os.remove(path),
];
for (const change of changes) {
  try {
    change(typeof require === "function" ? require("fs") : undefined);
  } catch {
    // Not this way.
  }
}
"tried";
