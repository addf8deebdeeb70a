"""What a peer does in a cell."""


class Task:
    """One variant of a cell, with its state; made anew for every round of timing."""

    def step(self):
        """Does the work once. It may still be under way when this returns."""
        raise NotImplementedError

    def wait(self, result) -> None:
        """Waits until what `step` returned last is there."""

    def check(self) -> float:
        """The number that is compared between systems; called once, on a fresh task."""
        raise NotImplementedError
