"""What a question to a process may come to, other than that it is ready."""


class NotYet(Exception):
    """Nothing listens yet, or it is still starting: try again at once."""


class Wrong(Exception):
    """It answered, and not as it should: this used up an attempt."""


class Silent(Wrong):
    """It did not answer in its time."""
