//! Lives with OpenTelemetry.
