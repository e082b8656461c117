//: row: 15 a finalizer that runs during the run is part of the run
//: elsewhere: completed
//: ended: time_limit
//: error: TimeLimit
//: limits: {"time_ms": 200}
const registry = new FinalizationRegistry(() => { for (;;); });
registry.register({}, 1);
