"""TaxCloud's refunds API."""
