#: ended: completed
import configparser
import pprint
import string
import tomllib

config = configparser.ConfigParser(interpolation=configparser.ExtendedInterpolation())
config.read_string("""
[paths]
base = /srv
data = ${base}/data
[web]
port = 8080
debug = yes
root = ${paths:data}/www
""")
print(config["web"].getint("port"), config["web"].getboolean("debug"), config["web"]["root"])
settings = tomllib.loads('''
title = "Example"
when = 2024-02-29T12:00:00Z
[servers.alpha]
ip = "10.0.0.1"
ports = [8001, 8002]
[[rules]]
name = "one"
[[rules]]
name = "two"
limits = { low = 1, high = 1_000 }
''')
pprint.pprint(settings, width=60)
print(string.Template("$title has ${n} rules").substitute(title=settings["title"], n=len(settings["rules"])))
