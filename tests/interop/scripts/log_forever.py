"""Log a row every moment until killed: ID, PROJECT."""

from __future__ import annotations

import itertools
import sys
import time

import wandb
from logged import row

run = wandb.init(project=sys.argv[2], id=sys.argv[1])
for step in itertools.count():
    run.log(row(step))
    time.sleep(0.05)
