//: row: 115 what tells one machine from another is the same on all
//: ended: completed
//: value: [ 0, 'UTC', 'undefined', 'undefined', {}, 1 ]
[new Date().getTimezoneOffset(), Intl.DateTimeFormat().resolvedOptions().timeZone, typeof navigator, typeof performance.memory, process.env, process.pid];
