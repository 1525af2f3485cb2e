"""TaxCloud."""
