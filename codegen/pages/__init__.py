"""A saved documentation page against the specs: blocks -> facts -> differences.

The page:
blocks.py     a Markdown, HTML or plain text file -> sections of blocks, each with its line
samples.py    curl commands, Python calls and JSON -> values, each part with its line
fields.py     tables and runs of words -> lists of fields
facts.py      all of these, and endpoints, lists of values and statuses

The spec:
places.py     what stands where under which name, and what is marked `x-page-differs`

The comparison:
case.py       one page beside its operations
endpoints.py  lists.py  values.py  calls.py  judge.py    each kind of fact against its places
compare.py    all of them, and what the spec has and the page has not
prose.py      one fingerprint a section, so that words are watched that say no fact
report.py     differences, as text and as JSON
docs.py       the command
"""
