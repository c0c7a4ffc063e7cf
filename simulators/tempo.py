"""A machine's own time: it runs slower when the machine is slow and stands still when the machine does."""


class Tempo:
    """Turns the simulators' time into one machine's. Times are simulated seconds and never go back."""

    def __init__(self) -> None:
        self.halted = False
        self._factor = 1.0
        self._changed_at_s = 0.0
        self._own_s = 0.0

    def own_s(self, now_s: float) -> float:
        """How much time has passed for the machine."""
        if self.halted:
            return self._own_s
        return self._own_s + (now_s - self._changed_at_s) / self._factor

    def halt(self, now_s: float) -> None:
        """The machine stands still; what it has under way waits."""
        self._rebase(now_s)
        self.halted = True

    def go_on(self, now_s: float) -> None:
        self._rebase(now_s)
        self.halted = False

    def slow_down(self, factor: float, now_s: float) -> None:
        """From now on everything takes `factor` times as long; 1 is the ordinary speed."""
        self._rebase(now_s)
        self._factor = factor

    def _rebase(self, now_s: float) -> None:
        self._own_s, self._changed_at_s = self.own_s(now_s), now_s
