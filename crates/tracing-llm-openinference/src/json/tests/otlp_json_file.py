"""Writes otlp_json_file.jsonl: what OpenTelemetry's own file exporter writes.

    pip install opentelemetry-exporter-otlp-json-file==0.66b1 opentelemetry-sdk==1.45.2
    python otlp_json_file.py > otlp_json_file.jsonl

Recorded with Python 3.11. Ids and times are fixed, so that a run gives the same lines.
"""

import sys

from opentelemetry import trace
from opentelemetry.exporter.otlp.json.file.trace_exporter import FileSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

START = 1_790_000_000_000_000_000


class Counting(IdGenerator):
    span = 0xAB00

    def generate_span_id(self):
        self.span += 1
        return self.span

    def generate_trace_id(self):
        return 0xFEDCBA98765432100123456789ABCDEF


provider = TracerProvider(
    id_generator=Counting(),
    resource=Resource({"service.name": "docs", "replicas": 3}),
    shutdown_on_exit=False,
)
provider.add_span_processor(SimpleSpanProcessor(FileSpanExporter(stream=sys.stdout)))
tracer = provider.get_tracer("sample", "1.2.3", attributes={"scope.kind": "test"})

remote = SpanContext(
    0x11, 0x22, is_remote=True, trace_flags=TraceFlags(1),
    trace_state=trace.TraceState([("vendor", "a b")]),
)
root = tracer.start_span(
    "ro\u00f6t \U0001f600 \"quoted\"\n", kind=SpanKind.SERVER, start_time=START,
    attributes={
        "int": 2**53 + 1,
        "negative": -(2**63),
        "zero": 0,
        "half": 0.5,
        "whole": 2.0,
        "nan": float("nan"),
        "infinity": float("inf"),
        "minus infinity": float("-inf"),
        "true": True,
        "false": False,
        "empty": "",
        "bytes": b"\x00\xff",
        "texts": ["a", "b"],
        "ints": [1, -2],
        "floats": [0.5, float("nan")],
        "bools": [True, False],
        "none of them": [],
    },
    links=[Link(remote, {"why": "caused"})],
)
context = trace.set_span_in_context(root)
child = tracer.start_span("child", context=context, start_time=START + 1)
child.add_event("first token", timestamp=START + 2)
child.add_event("exception", {"exception.message": "no"}, timestamp=START + 3)
child.set_status(Status(StatusCode.ERROR, "no"))
child.end(START + 4)
root.set_status(Status(StatusCode.OK))
root.end(START + 5)
far = trace.set_span_in_context(trace.NonRecordingSpan(remote))
tracer.start_span("from elsewhere", context=far, start_time=START).end(START + 1)
