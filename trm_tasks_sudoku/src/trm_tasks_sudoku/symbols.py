"""How digits are written: 1 to 9, then letters."""

DIGITS = "123456789ABCDEFGHIJKLMNOP"
EMPTY_MARKS = ".0_"
