//: row: 44 what is written to the streams goes the same way, under the same limit
//: ended: completed
//: limits: {"output_bytes": 1000}
//: stderr: to the second
//: cut: 9014
//: twin: Python writes to descriptors, see raw_descriptors.py
process.stderr.write("to the second\n");
process.stdout.write("y".repeat(10000));
undefined;
