"""Build time only, never shipped: `specs/` in, `generated/` out."""
