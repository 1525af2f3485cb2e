"""Build time only, never shipped: specs/ in, generated/refundkit_apis/ out.

spec.py      a YAML file -> a Spec: its document, operations, and the line of each part
lint.py      a Spec -> its flaws
build.py     specs/ -> generated/refundkit_apis/, by way of
  clients.py   a Spec -> api/, a module for each operation (openapi-python-client)
  models.py    a Spec -> models.py and scalars.py (datamodel-code-generator)
  ready.py     a Spec -> ready.py, the client with a method for each operation
  schemas.py   a Spec -> schemas.json and examples.json
changes.py   specs/ at two revisions -> what changed, and whom it breaks
pages/       saved documentation pages and specs/ -> where they differ
runtime/     copied into the package as it is: the client, errors and numbers that generated code uses
templates/   the templates of the generators and of ready.py
"""
