"""The expected failures of this package: a broken corpus line, a model file that cannot be used. Pure."""


class ClassifierError(Exception):
    """Base of what a caller may catch and show as one line; the text names the place and the remedy."""


class CorpusError(ClassifierError):
    """A corpus or news line that cannot be read; the text starts with `file:line`."""


class ModelError(ClassifierError):
    """A model file that is missing, damaged or of another format; the text names the file and the remedy."""


class FeedbackError(ClassifierError):
    """A feedback database that is missing or lacks the expected tables."""
