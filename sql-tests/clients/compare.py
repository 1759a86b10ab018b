"""What the probes saw on either server, side by side."""

import traceback


class Seen:
    """Outcomes by label: what a probe saw on one server."""

    def __init__(self):
        self.outcomes = {}

    def add(self, label, outcome):
        if label in self.outcomes:
            raise KeyError(f"two outcomes are called {label}")
        self.outcomes[label] = outcome if isinstance(outcome, str) else repr(outcome)

    def attempt(self, label, work, code=lambda error: getattr(error, "sqlstate", None)):
        """Notes what `work` gives, or the SQLSTATE with which it fails."""
        try:
            self.add(label, work())
        except Exception as error:  # noqa: BLE001: any failure is an outcome to compare
            state = code(error)
            told = state if state else f"{type(error).__name__}: {error}"
            self.add(label, f"fails: {told}")


def run(probe, port):
    seen = Seen()
    try:
        probe.probe(port, seen)
    except Exception:  # noqa: BLE001: a client that dies is an outcome too
        seen.add("the client as a whole", traceback.format_exc(limit=-2).strip().splitlines()[-1])
    return seen.outcomes


def differences(name, tarn, postgres):
    """Lines that say where the two differ."""
    for label in postgres | tarn:
        ours, theirs = tarn.get(label, "(nothing)"), postgres.get(label, "(nothing)")
        if ours != theirs:
            # a label is one line
            yield f"{name}: {label}".replace("\n", "\\n"), ours, theirs
