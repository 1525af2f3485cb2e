"""A saved documentation page and specs/ -> their differences, by way of blocks and facts.

The page:
blocks.py     a Markdown, HTML or plain text file -> sections of blocks, each with its line
samples.py    curl commands, Python calls and JSON -> values, each part with its line
fields.py     tables and runs of words -> lists of fields
facts.py      all of these, and endpoints, lists of values and statuses

The spec:
places.py     a spec -> the named places of each operation, and the marks `x-page-differs` on them

The comparison:
case.py       a page with its operations, and which section describes which operation
endpoints.py  lists.py  values.py  calls.py  judge.py    each compares one kind of fact with its places
compare.py    runs all of them, and finds what only the spec has
prose.py      a fingerprint of each section, to notice changed words that are no fact
report.py     collects differences, and formats them as text and as JSON
docs.py       the command `python -m codegen docs`
"""
