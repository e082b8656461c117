#: row: 116 what is random is drawn anew, also in modules that the image has imported
#: ended: completed
#: value: 6
import os
import random
import secrets
import tempfile
import uuid
len({random.random(), random.SystemRandom().random(), str(uuid.uuid4()), secrets.token_hex(8), os.urandom(8), next(tempfile._get_candidate_names())})
