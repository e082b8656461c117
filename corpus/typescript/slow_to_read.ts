//: ended: time_limit
//: error: TimeLimit
//: limits: {"time_ms": 200}
//: within_ms: 5000
//: session: kept
//: twin: Python has no types that must be taken out
x=a<{[a<{[a<{[a<{[a<{[a<{[a<{[a<{[a<{[a<{[a<{[a<{[a<{[a<{[a<{[a<{[a<{[a<{[a<{[a<{[a<{[a<{[
