"""The version, in the one place that packaging and provenance both read."""

__version__ = "0.1.0"
