"""Words that folders are called by where a file system, or a habit, forbids the sign itself.

The names are those of the Adobe Glyph List (https://github.com/adobe-type-tools/agl-aglfn), with
what people write besides. `minus` is the sign of the keyboard, as in the shipped recipes.
"""

SIGNS: dict[str, tuple[str, ...]] = {
    "/": ("slash", "forward_slash", "forwardslash", "solidus"),
    "\\": ("backslash", "back_slash", "reverse_solidus"),
    ":": ("colon",),
    ";": ("semicolon",),
    "*": ("asterisk",),
    "?": ("question", "question_mark", "questionmark"),
    "!": ("exclam", "exclamation", "exclamation_mark", "exclamationmark"),
    '"': ("quotedbl", "double_quote", "doublequote", "quotation_mark"),
    "'": ("quotesingle", "single_quote", "apostrophe"),
    "<": ("less", "less_than", "lessthan"),
    ">": ("greater", "greater_than", "greaterthan"),
    "|": ("bar", "pipe", "vertical_bar", "vertical_line"),
    ".": ("dot", "period", "full_stop", "fullstop"),
    ",": ("comma",),
    "+": ("plus", "plus_sign"),
    "-": ("minus", "hyphen", "minus_sign"),
    "=": ("equal", "equals", "equal_sign", "equals_sign"),
    "×": ("multiply", "multiplication_sign"),
    "÷": ("divide", "division_sign"),
    "@": ("at", "at_sign"),
    "#": ("numbersign", "number_sign", "hash"),
    "$": ("dollar", "dollar_sign"),
    "%": ("percent", "percent_sign"),
    "&": ("ampersand",),
    "(": ("parenleft", "left_parenthesis", "open_parenthesis"),
    ")": ("parenright", "right_parenthesis", "close_parenthesis"),
    "[": ("bracketleft", "left_bracket", "open_bracket"),
    "]": ("bracketright", "right_bracket", "close_bracket"),
    "{": ("braceleft", "left_brace", "open_brace"),
    "}": ("braceright", "right_brace", "close_brace"),
    "_": ("underscore",),
    "^": ("asciicircum", "caret"),
    "`": ("grave", "backtick"),
    "~": ("asciitilde", "tilde"),
    "0": ("zero",),
    "1": ("one",),
    "2": ("two",),
    "3": ("three",),
    "4": ("four",),
    "5": ("five",),
    "6": ("six",),
    "7": ("seven",),
    "8": ("eight",),
    "9": ("nine",),
}

SIGN_OF = {word: sign for sign, words in SIGNS.items() for word in words}
"""From the word, in lower case and with `_` between its parts, to the sign."""
