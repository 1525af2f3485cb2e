"""A saved documentation page and specs/ -> their differences, by way of blocks and facts.

The page:
blocks.py     a Markdown, HTML or plain text file -> sections of blocks, each with its line
kinds.py      the kinds of facts: an endpoint, a list of fields, a call, a sample, a status …
facts.py      a page -> its facts, in every notation of the table NOTATIONS; what a fact is
  addresses.py  messages.py  tables.py  runs.py  stacked.py  items.py  listed.py  code.py    one notation each
  fields.py     the words about one field -> types, limits, values
  samples.py    curl commands, Python calls and JSON -> values, each part with its line
  titles.py  nesting.py    to which part of an operation, and to which object, a list of fields belongs
definition.py  openapi.py    an OpenAPI definition on a page, or a published file -> a spec, compared with ours
pieces.py     a page and its facts -> the blocks whose words are watched

The spec:
places.py     a spec -> the named places of each operation, and the marks `x-page-differs` on them

The comparison:
case.py       a page with its operations, and which section describes which operation
endpoints.py  lists.py  values.py  calls.py  judge.py    each compares one kind of fact with its places
compare.py    runs all of them, and finds what only the spec has
prose.py      fingerprints of the blocks, to notice changed words that are no fact
collect.py    all differences of a page, each told once
report.py     collects differences of facts, and formats them as text and as JSON
docs.py       the command `python -m codegen docs`
"""
