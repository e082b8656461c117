//: row: 37 memory that is taken and given back again and again stays within the limit
//: ended: completed
//: limits: {"time_ms": 60000, "cpu_ms": 60000}
//: value: 300
let times = 0;
for (let size = 0; size < 300; size++) {
  let block = new ArrayBuffer(30000000 + size * 1000);
  block = null;
  times++;
}
times;
