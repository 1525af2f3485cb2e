"""Files -> records -> findings: what the command checks, and how a run goes over it."""
