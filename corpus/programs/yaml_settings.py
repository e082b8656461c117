#: ended: completed
#: package: pyyaml
import yaml

TEXT = """
defaults: &defaults
  retries: 3
  hosts: [a.example, b.example]
production:
  <<: *defaults
  since: 2024-02-29
  ratio: 1.5e+3
  note: |
    two
    lines
"""
loaded = yaml.safe_load(TEXT)
print(loaded["production"])
print(yaml.safe_dump(loaded, sort_keys=True, default_flow_style=False), end="")
try:
    yaml.safe_load("a: [1, 2")
except yaml.YAMLError as error:
    print(type(error).__name__, error.problem_mark.line, error.problem_mark.column)
try:
    yaml.safe_load("!!python/object/apply:os.system ['true']")
except yaml.constructor.ConstructorError as error:
    print(type(error).__name__)
