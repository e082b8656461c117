//: row: 113 clocks advance in steps of a tenth of a millisecond
//: ended: completed
//: value: [ true, true, 0 ]
const steps = (read) => {
  let whole = true;
  for (let n = 0; n < 2000; n++) {
    const tenths = read() * 10;
    whole &&= Math.abs(tenths - Math.round(tenths)) < 0.001;
  }
  return whole;
};
[steps(() => performance.now()), steps(() => Date.now()), Number(process.hrtime.bigint() % 100000n)];
