"""What Aim's own SDK reads of a run: JSON on the standard output.

usage: aim_read.py REPO RUN_HASH
"""

import json
import sys

from aim import Repo, Run
from aim.storage.context import Context


def text(value):
    return [text(one) for one in value] if isinstance(value, (list, tuple)) else value.data


repo = Repo(sys.argv[1])
run = Run(sys.argv[2], repo=repo, read_only=True)
sequences = run.collect_sequence_info(("metric", "texts"))
texts, numbers = [], []
for found in sequences["texts"]:
    sequence = run.get_text_sequence(found["name"], Context(found["context"]))
    steps, values = sequence.values.sparse_list()
    texts.append({**found, "steps": steps, "values": [text(value) for value in values]})
for found in sequences["metric"]:
    metric = run.get_metric(found["name"], Context(found["context"]))
    steps, (values, epochs, times) = metric.data.items_list()
    order = sorted(range(len(steps)), key=lambda at: steps[at])
    column = lambda of: [of[at] for at in order]
    numbers.append(
        {**found, "steps": column(steps), "values": column(values), "times": column(times)}
    )
json.dump(
    {
        "experiment": run.experiment,
        "name": run.name,
        "tags": sorted(run.tags),
        "active": run.active,
        "end_time": run.end_time,
        "parameters": run[...],
        "texts": texts,
        "numbers": numbers,
    },
    sys.stdout,
)
