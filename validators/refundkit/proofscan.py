# cython: language_level=3, boundscheck=True, wraparound=False, freethreading_compatible=True
"""Proves a JSON text fine in one pass, or says "don't know".

The build compiles this file to the module `refundkit._proofscan`; uncompiled it is no module. checking/proof.py makes
the tree of nodes and calls `scan`, which walks a text along it. It returns the rows of each table, or None: anything
unusual (a key twice, an escape in a key, a long number, a word that is not on the list) is "don't know", never "wrong".

How to read it:
* A function takes the text and a position, and returns the position behind what it read, or UNSURE (-1).
* Only `byte` and `has` read the text, and both check their bounds. Outside of the text a byte is 0, which stands
  nowhere in JSON: so no loop runs on, and whatever is asked at UNSURE answers UNSURE.
* What is marked `nogil` has no Python object in it; Cython refuses to compile it otherwise.
* No state outlives a call, and nothing recurses deeper than MAX_DEPTH.
* Every number needs its annotation: a variable without one is a Python object, right but slow.
"""

import cython
from cython.cimports.libc.string import memcmp

# A text, or a word; `start` points into a `bytes` that its owner keeps.
Text = cython.struct(start=cython.pointer[cython.const[cython.uchar]], size=cython.Py_ssize_t)

# Where the keys of an object stand that its schema does not name, with their quotes.
Keys = cython.struct(count=cython.Py_ssize_t, starts=cython.Py_ssize_t[40], sizes=cython.Py_ssize_t[40])

UNSURE = cython.declare(cython.Py_ssize_t, -1)
MAX_DEPTH = cython.declare(cython.int, 60)
MAX_KEYS = cython.declare(cython.Py_ssize_t, 40)  # as many as Keys holds
MAX_DIGITS = cython.declare(cython.Py_ssize_t, 18)  # of a number that nobody captures
MAX_AMOUNT_DIGITS = cython.declare(cython.Py_ssize_t, 10)
SCALE = cython.declare(cython.Py_ssize_t, 4)  # amounts are counted in units of 0.0001

# Kinds of nodes, as checking/proof.py names them. Nothing may stand at a node of kind 0.
OBJECT = cython.declare(cython.int, 1)
MAP = cython.declare(cython.int, 2)  # an object whose keys are whole numbers
ARRAY = cython.declare(cython.int, 3)
STRING = cython.declare(cython.int, 4)
NUMBER = cython.declare(cython.int, 5)  # that nobody captures
AMOUNT = cython.declare(cython.int, 6)  # a number, bare or in quotes
BOOLEAN = cython.declare(cython.int, 7)
ANY = cython.declare(cython.int, 8)


# Whether a byte may stand in a plain string: ASCII but controls, quote and backslash.
IS_PLAIN = cython.declare(cython.uchar[256])
_code: cython.int
for _code in range(256):
    IS_PLAIN[_code] = 32 <= _code <= 127 and _code != ord('"') and _code != ord("\\")


# ---------------------------------------------------------------- pieces of JSON: no Python objects


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def byte(text: Text, at: cython.Py_ssize_t) -> cython.uchar:
    """Return the byte at a position; 0 outside of the text."""
    return text.start[at] if 0 <= at < text.size else 0


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def has(text: Text, at: cython.Py_ssize_t, word: Text) -> cython.bint:
    """Return whether the word stands at a position; so many bytes as are compared are there.

    A word has two bytes at least; most others differ in the second, behind the quote.
    """
    if at < 0 or at > text.size - word.size or text.start[at + 1] != word.start[1]:
        return False
    return memcmp(text.start + at, word.start, word.size) == 0


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def skip_spaces(text: Text, at: cython.Py_ssize_t) -> cython.Py_ssize_t:
    while byte(text, at) <= ord(" ") and byte(text, at) in (ord(" "), ord("\n"), ord("\t"), ord("\r")):
        at += 1
    return at


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def skip_byte(text: Text, at: cython.Py_ssize_t, code: cython.uchar) -> cython.Py_ssize_t:
    """Return the position behind this byte, before which only spaces may stand."""
    at = skip_spaces(text, at)
    return at + 1 if byte(text, at) == code else UNSURE


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def literal_end(text: Text, at: cython.Py_ssize_t) -> cython.Py_ssize_t:
    """Return the end of true, false or null."""
    code: cython.uchar = byte(text, at)
    if code == ord("t") and byte(text, at + 1) == ord("r") and byte(text, at + 2) == ord("u"):
        return at + 4 if byte(text, at + 3) == ord("e") else UNSURE
    if code == ord("n") and byte(text, at + 1) == ord("u") and byte(text, at + 2) == ord("l"):
        return at + 4 if byte(text, at + 3) == ord("l") else UNSURE
    if code == ord("f") and byte(text, at + 1) == ord("a") and byte(text, at + 2) == ord("l"):
        return at + 5 if byte(text, at + 3) == ord("s") and byte(text, at + 4) == ord("e") else UNSURE
    return UNSURE


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def plain_string_end(text: Text, at: cython.Py_ssize_t) -> cython.Py_ssize_t:
    """Return the closing quote of a string of ASCII without escapes; `at` is behind the opening one."""
    while IS_PLAIN[byte(text, at)]:
        at += 1
    return at if byte(text, at) == ord('"') else UNSURE


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def is_hex(code: cython.uchar) -> cython.bint:
    return ord("0") <= code <= ord("9") or ord("a") <= code <= ord("f") or ord("A") <= code <= ord("F")


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def escape_end(text: Text, at: cython.Py_ssize_t) -> cython.Py_ssize_t:
    """Return the end of an escape; half of a surrogate pair is none."""
    code: cython.uchar = byte(text, at + 1)
    if code in (ord('"'), ord("\\"), ord("/"), ord("b"), ord("f"), ord("n"), ord("r"), ord("t")):
        return at + 2
    if code != ord("u"):
        return UNSURE
    offset: cython.Py_ssize_t
    for offset in range(2, 6):
        if not is_hex(byte(text, at + offset)):
            return UNSURE
    if byte(text, at + 2) in (ord("d"), ord("D")) and byte(text, at + 3) > ord("7"):
        return UNSURE
    return at + 6


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def utf8_end(text: Text, at: cython.Py_ssize_t) -> cython.Py_ssize_t:
    """Return the end of a character of two to four bytes, well-formed as table 3-7 of the Unicode standard has it."""
    first: cython.uchar = byte(text, at)
    second: cython.uchar = byte(text, at + 1)
    lowest: cython.uchar = 0x80
    highest: cython.uchar = 0xBF
    more: cython.Py_ssize_t
    if 0xC2 <= first <= 0xDF:
        more = 1
    elif 0xE0 <= first <= 0xEF:
        more = 2
        if first == 0xE0:
            lowest = 0xA0
        elif first == 0xED:
            highest = 0x9F
    elif 0xF0 <= first <= 0xF4:
        more = 3
        if first == 0xF0:
            lowest = 0x90
        elif first == 0xF4:
            highest = 0x8F
    else:
        return UNSURE
    if not lowest <= second <= highest:
        return UNSURE
    offset: cython.Py_ssize_t
    for offset in range(2, more + 1):
        if not 0x80 <= byte(text, at + offset) <= 0xBF:
            return UNSURE
    return at + more + 1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def any_string_end(text: Text, at: cython.Py_ssize_t) -> cython.Py_ssize_t:
    """Return the closing quote of any well-formed string."""
    code: cython.uchar
    while at >= 0:
        code = byte(text, at)
        if code == ord('"'):
            return at
        if code < 32:
            return UNSURE
        if code == ord("\\"):
            at = escape_end(text, at)
        elif code < 0x80:
            at += 1
        else:
            at = utf8_end(text, at)
    return UNSURE


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def digits_end(text: Text, at: cython.Py_ssize_t) -> cython.Py_ssize_t:
    while ord("0") <= byte(text, at) <= ord("9"):
        at += 1
    return at


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def number_end(
    text: Text, at: cython.Py_ssize_t, most_digits: cython.Py_ssize_t, most_decimals: cython.Py_ssize_t
) -> cython.Py_ssize_t:
    """Return the end of a number without an exponent and no longer than this."""
    start: cython.Py_ssize_t = at + 1 if byte(text, at) == ord("-") else at
    at = digits_end(text, start)
    if at == start or at - start > most_digits or (byte(text, start) == ord("0") and at - start > 1):
        return UNSURE
    if byte(text, at) == ord("."):
        start = at + 1
        at = digits_end(text, start)
        if at == start or at - start > most_decimals:
            return UNSURE
    return UNSURE if byte(text, at) in (ord("e"), ord("E")) else at


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def scaled_amount(text: Text, start: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.longlong:
    """Return the value of a number, which `number_end(text, start, MAX_AMOUNT_DIGITS, SCALE)` accepted."""
    value: cython.longlong = 0
    scale: cython.Py_ssize_t = SCALE
    code: cython.uchar
    at: cython.Py_ssize_t
    is_fraction: cython.bint = False
    for at in range(start, end):
        code = byte(text, at)
        if code == ord("."):
            is_fraction = True
        elif code != ord("-"):
            value = value * 10 + (code - ord("0"))
            scale -= is_fraction
    while scale > 0:
        value *= 10
        scale -= 1
    return -value if byte(text, start) == ord("-") else value


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def count_decimals(text: Text, start: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.Py_ssize_t:
    """Return how many digits of a number stand behind its point."""
    at: cython.Py_ssize_t
    for at in range(start, end):
        if byte(text, at) == ord("."):
            return end - at - 1
    return 0


# ---------------------------------------------------------------- values that no rule reads


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def skip_value(text: Text, at: cython.Py_ssize_t, depth: cython.int) -> cython.Py_ssize_t:
    """Return the end of any value that has no key twice within it."""
    at = skip_spaces(text, at)
    code: cython.uchar = byte(text, at)
    if depth > MAX_DEPTH:
        return UNSURE
    if code == ord('"'):
        at = any_string_end(text, at + 1)
        return at + 1 if at >= 0 else UNSURE
    if code == ord("{"):
        return skip_object(text, at + 1, depth)
    if code == ord("["):
        return skip_array(text, at + 1, depth)
    if code == ord("-") or ord("0") <= code <= ord("9"):
        return number_end(text, at, MAX_DIGITS, MAX_DIGITS)
    return literal_end(text, at)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def skip_array(text: Text, at: cython.Py_ssize_t, depth: cython.int) -> cython.Py_ssize_t:
    at = skip_spaces(text, at)
    if byte(text, at) == ord("]"):
        return at + 1
    while True:
        at = skip_value(text, at, depth + 1)
        at = skip_spaces(text, at)
        if byte(text, at) == ord("]"):
            return at + 1
        if byte(text, at) != ord(","):
            return UNSURE
        at += 1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def skip_object(text: Text, at: cython.Py_ssize_t, depth: cython.int) -> cython.Py_ssize_t:
    keys = cython.declare(Keys)
    keys.count = 0
    at = skip_spaces(text, at)
    if byte(text, at) == ord("}"):
        return at + 1
    while True:
        at = new_key_end(text, at, cython.address(keys))
        at = skip_byte(text, at, ord(":"))
        at = skip_value(text, at, depth + 1)
        at = skip_spaces(text, at)
        if byte(text, at) == ord("}"):
            return at + 1
        if byte(text, at) != ord(","):
            return UNSURE
        at = skip_spaces(text, at + 1)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def new_key_end(text: Text, at: cython.Py_ssize_t, keys: cython.pointer[Keys]) -> cython.Py_ssize_t:
    """Return the end of a key that is not yet among these, and add it to them."""
    end: cython.Py_ssize_t = plain_string_end(text, at + 1)
    if byte(text, at) != ord('"') or end < 0 or keys.count >= MAX_KEYS:
        return UNSURE
    key = cython.declare(Text)
    key.start = text.start + at
    key.size = end + 1 - at
    index: cython.Py_ssize_t
    for index in range(keys.count):
        if keys.sizes[index] == key.size and has(text, keys.starts[index], key):
            return UNSURE
    keys.starts[keys.count] = at
    keys.sizes[keys.count] = key.size
    keys.count += 1
    return end + 1


# ---------------------------------------------------------------- the tree


@cython.final
@cython.cclass
class Word:
    """An ASCII word or key as it stands in a text, with its quotes; `value` is what is captured."""

    value: str
    source: bytes
    text: Text

    def __init__(self, value):
        self.value = value
        self.source = b'"' + value.encode("ascii") + b'"'
        self.text.start = self.source
        self.text.size = len(self.source)


@cython.final
@cython.cclass
class Words:
    """Some words, grouped by their length with the quotes."""

    by_length: tuple

    def __init__(self, values):
        by_length = [[] for _ in range(max([len(value) for value in values], default=0) + 3)]
        for value in values:
            by_length[len(value) + 2].append(Word(value))
        self.by_length = tuple([tuple(group) for group in by_length])

    @cython.cfunc
    def find(self, text: Text, start: cython.Py_ssize_t, length: cython.Py_ssize_t) -> object:
        """Return the word that is the string of this length at a position, both with the quotes, or None."""
        if length >= len(self.by_length):
            return None
        group: tuple = cython.cast(tuple, self.by_length[length])
        index: cython.Py_ssize_t
        for index in range(len(group)):
            if has(text, start, cython.cast(Word, group[index]).text):
                return cython.cast(Word, group[index]).value
        return None


@cython.final
@cython.cclass
class Field:
    """A key of an object that the schema names; `bit` stands for it in `seen` and `required`.

    The fields of an object are a ring: most texts keep the order of the schema.
    """

    key: Text
    word: Word
    node: "Node"
    bit: cython.ulonglong
    next: "Field"

    def __init__(self, name, node, bit):
        self.word = Word(name)
        self.key = self.word.text
        self.node = node
        self.bit = bit


@cython.final
@cython.cclass
class Node:
    """What may stand at one place of a document."""

    kind: cython.int
    is_nullable: cython.bint
    minimum: cython.Py_ssize_t  # length of a string or an array
    # An object, or a map:
    is_closed: cython.bint
    first: Field  # or None: it has no fields
    field_count: cython.int
    required: cython.ulonglong
    row_table: cython.int  # the table in which it opens a row, or -1
    row_size: cython.int
    row_parent: cython.int  # the table whose last row the new one belongs to, or -1
    # An array, or a map:
    items: "Node"
    # A string:
    allowed: Words  # or None: any
    refused: Words
    # A number or an amount:
    may_be_bare: cython.bint
    may_be_quoted: cython.bint
    fewest_decimals: cython.Py_ssize_t
    most_decimals: cython.Py_ssize_t
    lowest: cython.longlong
    highest: cython.longlong
    is_text: cython.bint  # an amount that is captured as it is written
    # Where a value is captured:
    table: cython.int  # or -1
    column: cython.int
    is_shared: cython.bint  # by several values, which have to be equal


@cython.final
@cython.cclass
class Program:
    """The tree of nodes of one document, and how many tables it fills."""

    root: Node
    tables: cython.int


# ---------------------------------------------------------------- values along the tree


@cython.final
@cython.cclass
class Reader:
    """One text on its way along the tree."""

    source: bytes
    text: Text
    tables: list

    @cython.cfunc
    @cython.exceptval(-2, check=False)
    def read_value(self, node: Node, at: cython.Py_ssize_t, depth: cython.int) -> cython.Py_ssize_t:
        at = skip_spaces(self.text, at)
        code: cython.uchar = byte(self.text, at)
        if depth > MAX_DEPTH:
            return UNSURE
        if code == ord("n"):
            return literal_end(self.text, at) if node.is_nullable else UNSURE
        if node.kind == STRING:
            if code == ord('"'):
                return self.read_string(node, at + 1)
            return number_end(self.text, at, MAX_DIGITS, node.most_decimals) if node.may_be_bare else UNSURE
        if node.kind == OBJECT:
            return self.read_object(node, at + 1, depth) if code == ord("{") else UNSURE
        if node.kind == AMOUNT:
            return self.read_amount(node, at, code == ord('"'))
        if node.kind == ARRAY:
            return self.read_array(node, at + 1, depth) if code == ord("[") else UNSURE
        if node.kind == NUMBER:
            return number_end(self.text, at, MAX_DIGITS, node.most_decimals)
        if node.kind == BOOLEAN:
            return self.read_boolean(node, at, code)
        if node.kind == MAP:
            return self.read_map(node, at + 1, depth) if code == ord("{") else UNSURE
        return skip_value(self.text, at, depth) if node.kind == ANY else UNSURE

    @cython.cfunc
    @cython.exceptval(-2, check=False)
    def capture(self, node: Node, value: object) -> cython.bint:
        """Put a value into the last row of its table; False where there is no row, or the place is taken."""
        rows: list = cython.cast(list, self.tables[node.table])
        if not rows:
            return False
        row: list = cython.cast(list, rows[len(rows) - 1])
        if row[node.column] is not None:
            return node.is_shared and row[node.column] == value
        row[node.column] = value
        return True

    @cython.cfunc
    def open_row(self, node: Node):
        """Add a row; its first value is the number of the row that it belongs to."""
        row: list = [None] * node.row_size
        if node.row_parent >= 0:
            row[0] = len(cython.cast(list, self.tables[node.row_parent])) - 1
        cython.cast(list, self.tables[node.row_table]).append(row)

    @cython.cfunc
    @cython.exceptval(-2, check=False)
    def read_boolean(self, node: Node, at: cython.Py_ssize_t, code: cython.uchar) -> cython.Py_ssize_t:
        if code != ord("t") and code != ord("f"):
            return UNSURE
        if node.table >= 0 and not self.capture(node, code == ord("t")):
            return UNSURE
        return literal_end(self.text, at)

    @cython.cfunc
    @cython.exceptval(-2, check=False)
    def read_string(self, node: Node, start: cython.Py_ssize_t) -> cython.Py_ssize_t:
        end: cython.Py_ssize_t = plain_string_end(self.text, start)
        word: object = None
        if end < 0:
            if node.allowed is not None or node.refused is not None or node.table >= 0 or node.minimum > 1:
                return UNSURE
            end = any_string_end(self.text, start)
            if end < 0:
                return UNSURE
        if end - start < node.minimum:
            return UNSURE
        if node.allowed is not None:
            word = node.allowed.find(self.text, start - 1, end - start + 2)
            if word is None:
                return UNSURE
        if node.refused is not None and node.refused.find(self.text, start - 1, end - start + 2) is not None:
            return UNSURE
        if node.table >= 0:
            if word is None:
                word = self.source[start:end].decode("ascii")
            if not self.capture(node, word):
                return UNSURE
        return end + 1

    @cython.cfunc
    @cython.exceptval(-2, check=False)
    def read_amount(self, node: Node, at: cython.Py_ssize_t, is_quoted: cython.bint) -> cython.Py_ssize_t:
        if not (node.may_be_quoted if is_quoted else node.may_be_bare):
            return UNSURE
        start: cython.Py_ssize_t = at + is_quoted
        end: cython.Py_ssize_t = number_end(self.text, start, MAX_AMOUNT_DIGITS, node.most_decimals)
        if end < 0 or (is_quoted and byte(self.text, end) != ord('"')):
            return UNSURE
        if node.fewest_decimals > 0 and count_decimals(self.text, start, end) < node.fewest_decimals:
            return UNSURE
        amount: cython.longlong = scaled_amount(self.text, start, end)
        if amount < node.lowest or amount > node.highest or (amount == 0 and byte(self.text, start) == ord("-")):
            return UNSURE
        if node.table >= 0:
            value: object = self.source[start:end].decode("ascii") if node.is_text else amount
            if not self.capture(node, value):
                return UNSURE
        return end + is_quoted

    @cython.cfunc
    @cython.exceptval(-2, check=False)
    def read_array(self, node: Node, at: cython.Py_ssize_t, depth: cython.int) -> cython.Py_ssize_t:
        count: cython.Py_ssize_t = 0
        if node.table >= 0 and not self.capture(node, True):
            return UNSURE
        at = skip_spaces(self.text, at)
        if byte(self.text, at) == ord("]"):
            return at + 1 if node.minimum == 0 else UNSURE
        while True:
            at = self.read_value(node.items, at, depth + 1)
            at = skip_spaces(self.text, at)
            count += 1
            if byte(self.text, at) == ord("]"):
                return at + 1 if count >= node.minimum else UNSURE
            if byte(self.text, at) != ord(","):
                return UNSURE
            at += 1

    @cython.cfunc
    @cython.exceptval(-2, check=False)
    def read_object(self, node: Node, at: cython.Py_ssize_t, depth: cython.int) -> cython.Py_ssize_t:
        seen: cython.ulonglong = 0  # the fields so far
        extra = cython.declare(Keys)  # the other keys so far
        field: Field
        likely: Field = node.first
        extra.count = 0
        if node.row_table >= 0:
            self.open_row(node)
        at = skip_spaces(self.text, at)
        if byte(self.text, at) == ord("}"):
            return at + 1 if node.required == 0 else UNSURE
        while True:
            field = self.find_field(node, at, likely) if node.field_count > 0 else None
            if field is not None:
                if seen & field.bit:
                    return UNSURE
                seen |= field.bit
                likely = field.next
                at = skip_byte(self.text, at + field.key.size, ord(":"))
                at = self.read_value(field.node, at, depth + 1)
            elif node.is_closed:
                return UNSURE
            else:
                at = new_key_end(self.text, at, cython.address(extra))
                at = skip_byte(self.text, at, ord(":"))
                at = skip_value(self.text, at, depth + 1)
            at = skip_spaces(self.text, at)
            if byte(self.text, at) == ord("}"):
                return at + 1 if seen & node.required == node.required else UNSURE
            if byte(self.text, at) != ord(","):
                return UNSURE
            at = skip_spaces(self.text, at + 1)

    @cython.cfunc
    @cython.inline
    def find_field(self, node: Node, at: cython.Py_ssize_t, likely: Field) -> Field:
        """Return the field whose key stands here, or None."""
        _: cython.int
        for _ in range(node.field_count):
            if has(self.text, at, likely.key):
                return likely
            likely = likely.next
        return None

    @cython.cfunc
    @cython.exceptval(-2, check=False)
    def read_map(self, node: Node, at: cython.Py_ssize_t, depth: cython.int) -> cython.Py_ssize_t:
        """Read an object whose keys are whole numbers: each entry opens a row, which begins with its key."""
        keys = cython.declare(Keys)
        end: cython.Py_ssize_t
        keys.count = 0
        at = skip_spaces(self.text, at)
        if byte(self.text, at) == ord("}"):
            return at + 1 if node.minimum == 0 else UNSURE
        while True:
            end = number_end(self.text, at + 1, MAX_DIGITS, 0)
            if byte(self.text, at + 1) == ord("-") or end < 0 or byte(self.text, end) != ord('"'):
                return UNSURE
            self.open_row(node)
            if not self.capture(node, self.source[at + 1 : end].decode("ascii")):
                return UNSURE
            at = new_key_end(self.text, at, cython.address(keys))
            at = skip_byte(self.text, at, ord(":"))
            at = self.read_value(node.items, at, depth + 1)
            at = skip_spaces(self.text, at)
            if byte(self.text, at) == ord("}"):
                return at + 1
            if byte(self.text, at) != ord(","):
                return UNSURE
            at = skip_spaces(self.text, at + 1)


# ---------------------------------------------------------------- what Python calls


def scan(program: Program, source: bytes):
    """Return the rows of every table where the text is proven fine, else None."""
    reader: Reader = Reader()
    reader.source = source
    reader.text.start = source
    reader.text.size = len(source)
    reader.tables = []
    _: cython.int
    for _ in range(program.tables):
        reader.tables.append([])
    end: cython.Py_ssize_t = reader.read_value(program.root, 0, 0)
    if end < 0 or skip_spaces(reader.text, end) != reader.text.size:
        return None
    return reader.tables


def compile_program(descriptions: list, tables: int) -> Program:
    """Make the tree of descriptions of nodes, which name their children by index; the first is the root."""
    nodes = [Node() for _ in descriptions]
    for node, description in zip(nodes, descriptions, strict=True):
        fill_node(node, description, nodes)
    program: Program = Program()
    program.root = nodes[0]
    program.tables = tables
    return program


@cython.cfunc
def fill_node(node: Node, description: dict, nodes: list):
    fields = description.get("fields", ())
    if len(fields) > 63:
        raise ValueError("an object has more than 63 fields")
    node.kind = description["kind"]
    node.is_nullable = description.get("nullable", False)
    node.minimum = description.get("minimum", 0)
    node.is_closed = description.get("closed", False)
    ring = [Field(name, nodes[child], 1 << index) for index, (name, child, _) in enumerate(fields)]
    field: Field
    for index, field in enumerate(ring):
        field.next = ring[index + 1 - len(ring)]
    node.first = ring[0] if ring else None
    node.field_count = len(ring)
    node.required = sum([1 << index for index, (_, _, is_required) in enumerate(fields) if is_required])
    node.row_table, node.row_size, node.row_parent = description.get("row", (-1, 0, -1))
    node.items = nodes[description["items"]] if "items" in description else None
    node.allowed = Words(description["allowed"]) if "allowed" in description else None
    node.refused = Words(description["refused"]) if "refused" in description else None
    node.may_be_bare = description.get("bare", False)
    node.may_be_quoted = description.get("quoted", False)
    node.fewest_decimals, node.most_decimals = description.get("decimals", (0, MAX_DIGITS))
    node.lowest = description.get("lowest", -(10**15))
    node.highest = description.get("highest", 10**15)
    node.is_text = description.get("text", False)
    node.table, node.column = description.get("column", (-1, 0))
    node.is_shared = description.get("shared", False)
