"""A saved documentation page against the specs: blocks -> facts -> differences.

blocks.py   a Markdown, HTML or plain text file -> sections of blocks, each with its line
samples.py  curl commands, Python calls and JSON -> values, each part with its line
facts.py    sections -> endpoints, fields, samples, enums and statuses
places.py   the spec's side: what stands where, and what is marked `x-page-differs`
compare.py  facts against places -> differences
prose.py    one fingerprint a section, so that words are watched that say no fact
report.py   differences -> text or JSON
"""
