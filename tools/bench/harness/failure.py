"""The one error of the harness: a sentence for the person who runs it."""


class CannotMeasure(Exception):
    """A peer is missing, or a figure would be wrong; the message says what to do."""
