//: row: 113 no threads and no shared memory to wait on: there is no second clock to count with
//: ended: completed
//: value: [ 'undefined', 'undefined', 'undefined' ]
[typeof Worker, typeof Atomics, typeof MessageChannel];
