"""Scripts that make, measure and describe a model; run from a checkout as ``python -m training.train``."""
