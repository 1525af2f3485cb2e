"""The caps: what no refund may exceed, written once against the ledger, for every API."""
