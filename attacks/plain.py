# A plain program: right only if it was run, and if nothing was left behind by another.
try:
    belljar_was_here
    print("left behind")
except NameError:
    print(@A@ * @B@)
