"""The one exception for what a user can put right."""


class UserError(Exception):
    """A one-line message that names the thing, what was expected and what to do; `code` is the exit status."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code
