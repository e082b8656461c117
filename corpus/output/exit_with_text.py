#: row: 46 an exit with a text says it on standard error
#: ended: exited
#: exit: 1
#: stderr: no way\n
#: twin: JavaScript exits with numbers alone
raise SystemExit("no way")
