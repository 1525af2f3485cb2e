"""A saved page -> operations of a spec: the command `python -m codegen scaffold`.

draft.py     what a page states of a schema, gathered from its samples and its lists of fields
page.py      a page's facts -> a draft of each operation that no spec has
definition.py  an OpenAPI definition on the page -> the same
writer.py    drafts -> the path items, components and credentials of a spec
text.py      these -> the text of a new spec, or inserted into that of an existing one
command.py   all of it, the marks where a page contradicts itself, and the editor

What a page does not say is written as FILL_IN: `python -m codegen lint` refuses it.
"""
